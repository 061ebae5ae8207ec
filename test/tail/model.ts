/**
 * A log as a gateway and logrotate leave it on the disk, and beside it what must be read from it: every generation
 * with its lines and their offsets. All actions are synchronous, so that the tailer in the same process sees each of
 * them as a whole.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';

interface ModelGeneration {
  /** Everything that was ever written to it. */
  content: string;
  /** Its file; undefined when it was deleted. */
  file: string | undefined;
  /** A writer still has it open. */
  fd: number | undefined;
  /** No line will follow the last one, terminated or not. */
  sealed: boolean;
  /** So much of it is a copy of what was read before: it may come, and need not. */
  copied: number;
}

/** What a line may have; holes are longer or shorter. */
export const MAX_LINE_BYTES = 4096;

export class LogModel {
  readonly path: string;
  readonly generations: ModelGeneration[] = [];
  /** Another log beside it, whose name could be that of a rotated one. */
  readonly #neighbour: string;
  #parts: string[] = [];
  #count = 0;
  #clock = 0;
  /** What all lines begin with. */
  readonly #head: string;
  /** What completes the line that was begun last. */
  #rest = '';
  #writer: ModelGeneration;

  constructor(folder: string, head = '') {
    this.#head = head;
    this.path = path.join(folder, 'access.log');
    this.#neighbour = path.join(folder, 'access.8443.log');
    this.#writer = this.#create();
  }

  /** Everything that must be delivered, by `keyOf`. A partial line counts when nothing can follow. */
  expected(): Map<string, string> {
    return this.#lines(({ copied }, start) => start >= copied);
  }

  /** That, and what may come besides. */
  allowed(): Map<string, string> {
    return this.#lines(() => true);
  }

  #lines(counts: (generation: ModelGeneration, start: number) => boolean): Map<string, string> {
    const lines = new Map<string, string>();
    for (const generation of this.generations) {
      const { content, sealed } = generation;
      const fingerprint = hashOf(content);
      for (let start = 0; start < content.length;) {
        const newline = content.indexOf('\n', start);
        if (newline < 0 && !sealed) break;
        const end = newline < 0 ? content.length : newline;
        // A hole ends a line. With the one before it it may be too long: it begins behind.
        for (let from = start; from <= end;) {
          const whole = /^\0*[^\0]*/.exec(content.slice(from, end))?.[0] ?? '';
          const text = whole.length > MAX_LINE_BYTES ? whole.replace(/^\0+/, '') : whole;
          const isLast = from + whole.length === end;
          const at = from + whole.length - text.length;
          if (counts(generation, start) && (text !== '' || (isLast && newline >= 0))) {
            lines.set(keyOf(fingerprint, at, text), text);
          }
          from = isLast ? end + 1 : from + whole.length;
        }
        start = end + 1;
      }
    }
    return lines;
  }

  /** Writes through the descriptor of the gateway, which may be that of a renamed file. */
  write(lines: number, padding: number): void {
    this.#append(this.#rest);
    this.#rest = '';
    for (let line = 0; line < lines; line++) this.#append(this.#line(padding));
  }

  /** A writer that does not append, after a truncation; not in the middle of a line. */
  hole(bytes: number): void {
    this.write(0, 0);
    this.#append('\0'.repeat(bytes));
    this.write(1, 0);
  }

  /** What a loss of power leaves: half a line and a hole, behind which the gateway goes on. */
  tear(bytes: number): void {
    this.write(0, 0);
    const line = this.#line(40);
    this.#append(line.slice(0, line.length >> 1));
    this.#append('\0'.repeat(bytes));
    this.write(1, 0);
  }

  /** Somebody takes the first lines out, by way of a copy, and the gateway opens it. Only when all of it was read. */
  edit(lines: number): void {
    const old = this.#current();
    if (old === undefined) return;
    const content = old.content.split('\n').slice(lines).join('\n');
    fs.writeFileSync(`${this.path}~`, content, 'latin1');
    fs.renameSync(`${this.path}~`, this.path);
    old.file = undefined;
    const fd = fs.openSync(this.path, 'a');
    this.generations.push({ content, file: this.path, fd, sealed: false, copied: content.length });
    this.reopen(true);
  }

  /** Not into a renamed file: it may count as over before the line is completed. */
  writePart(padding: number): void {
    if (this.#writer.file !== this.path) return;
    this.write(0, 0);
    const line = this.#line(padding + 8);
    const cut = line.length >> 1;
    this.#append(line.slice(0, cut));
    this.#rest = line.slice(cut);
  }

  /** logrotate with `create` or `nocreate`; the gateway goes on writing to the old file until `reopen`. */
  rename(create: boolean): void {
    if (this.#current() === undefined) return;
    this.#shift();
    fs.renameSync(this.path, `${this.path}.1`);
    this.#moved(this.path, `${this.path}.1`);
    if (create) this.#create();
    this.write(0, 0);
  }

  /** The gateway opens the path again. A line that it had begun is completed, or never will be. */
  reopen(complete: boolean): void {
    if (complete) this.write(0, 0);
    this.#rest = '';
    const old = this.#writer;
    this.#writer = this.#current() ?? this.#create();
    if (old !== this.#writer) this.#close(old);
  }

  copyTruncate(): void {
    const old = this.#current();
    if (old === undefined || old !== this.#writer) return;
    this.#shift();
    fs.copyFileSync(this.path, `${this.path}.1`);
    fs.truncateSync(this.path);
    this.#writer = { content: '', file: this.path, fd: old.fd, sealed: false, copied: 0 };
    this.generations.push(this.#writer);
    Object.assign(old, { file: `${this.path}.1`, fd: undefined, sealed: true });
  }

  /** Compresses the oldest rotated file that nobody writes to. */
  compress(tar: boolean): void {
    const old = this.generations.find(
      ({ file, fd, sealed }) => sealed && fd === undefined && file !== undefined && !file.endsWith('gz'),
    );
    const file = old?.file;
    if (old === undefined || file === undefined || file === this.path) return;
    // As gzip does; never later, which rounding would make it.
    const mtime = new Date(Math.floor(fs.statSync(file).mtimeMs));
    if (tar) {
      const { dir, base } = path.parse(file);
      execFileSync('tar', ['czf', `${file}.tar.gz`, base], { cwd: dir });
      old.file = `${file}.tar.gz`;
    } else {
      fs.writeFileSync(`${file}.gz`, gzipSync(fs.readFileSync(file)));
      old.file = `${file}.gz`;
    }
    fs.utimesSync(old.file, mtime, mtime);
    fs.unlinkSync(file);
  }

  /** APISIX's log-rotate: a dated prefix, the gateway reopens, the file is packed. */
  rotateByPrefix(): void {
    if (this.#current() === undefined) return;
    const stamp = `2026-11-20_15-${String(Math.floor(this.#clock / 60)).padStart(2, '0')}-${String(this.#clock++ % 60).padStart(2, '0')}`;
    const target = path.join(path.dirname(this.path), `${stamp}__access.log`);
    fs.renameSync(this.path, target);
    this.#moved(this.path, target);
    this.reopen(true);
  }

  /** The other log gets lines; it appears when there is none. */
  neighbour(lines: number): void {
    for (let line = 0; line < lines; line++) fs.appendFileSync(this.#neighbour, this.#line(7));
  }

  /** Somebody makes a file from some lines of the log, as `split` and `grep` do, with a name like a rotated one. */
  part(from: number): void {
    const file = this.#current()?.file;
    if (file === undefined) return;
    const lines = fs.readFileSync(file, 'latin1').split('\n').slice(0, -1);
    const some = lines.slice(1 + (from % Math.max(1, lines.length - 1)));
    if (some.length === 0) return;
    const part = `${this.path}-20261119${String(this.#parts.length).padStart(2, '0')}`;
    fs.writeFileSync(part, some.map((line) => `${line}\n`).join(''));
    this.#parts.push(part);
  }

  /** Deletes the log, and the gateway starts a new one. Only when all of it was read. */
  replace(): void {
    const old = this.#current();
    if (old === undefined) return;
    // Their lines would stand nowhere else.
    for (const part of this.#parts.splice(0)) fs.unlinkSync(part);
    fs.unlinkSync(this.path);
    old.file = undefined;
    this.reopen(true);
  }

  /** Nothing is left half-written, and the gateway writes to the file that the path names. */
  settle(): void {
    this.reopen(true);
    this.write(1, 0);
  }

  close(): void {
    for (const generation of this.generations) this.#close(generation);
  }

  #line(padding: number): string {
    const id = String(this.#count++).padStart(4, '0');
    return `${this.#head}${id}:${'x'.repeat(padding)}:${id}\n`;
  }

  #append(text: string): void {
    if (this.#writer.fd === undefined) throw new Error('the gateway has no log open');
    fs.writeSync(this.#writer.fd, text);
    this.#writer.content += text;
  }

  #current(): ModelGeneration | undefined {
    return this.generations.find(({ file }) => file === this.path);
  }

  #create(): ModelGeneration {
    const created = {
      content: '',
      file: this.path,
      fd: fs.openSync(this.path, 'a'),
      sealed: false,
      copied: 0,
    };
    this.generations.push(created);
    return created;
  }

  #close(generation: ModelGeneration): void {
    if (generation.fd === undefined) return;
    fs.closeSync(generation.fd);
    Object.assign(generation, { fd: undefined, sealed: true });
  }

  #moved(from: string, to: string): void {
    for (const generation of this.generations) if (generation.file === from) generation.file = to;
  }

  /** access.log.1 → access.log.2 and so on, whatever is compressed. */
  #shift(): void {
    for (let number = 60; number > 0; number--) {
      for (const suffix of ['', '.gz', '.tar.gz']) {
        const from = `${this.path}.${number}${suffix}`;
        if (!fs.existsSync(from)) continue;
        const to = `${this.path}.${number + 1}${suffix}`;
        fs.renameSync(from, to);
        this.#moved(from, to);
      }
    }
  }
}

/** Of a line: where it stands, and what it is, for logs may begin alike. */
export function keyOf(fingerprint: string, offset: number, text: string): string {
  return `${fingerprint}@${offset} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** As the definition of the fingerprint says, written a second time. */
function hashOf(content: string): string {
  const line = content.split('\n')[0] ?? '';
  return createHash('sha256').update(line.slice(0, 1024)).digest('hex').slice(0, 32);
}
