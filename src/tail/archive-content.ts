/**
 * One file of an archive as `Content`: forward only, with the bytes kept that may be asked for again (those from the
 * last `forget` on), so that whoever reads lines need not know the difference.
 */
import type { FileHandle } from 'node:fs/promises';
import { release, unpack, type ArchiveKind, type Member } from './archive.ts';
import type { Content, ContentStat } from './content.ts';

const NS_PER_MS = 1_000_000n;

export class ArchiveContent implements Content {
  readonly growing = false;
  readonly name: string;
  /** When the packed file was last written, Unix nanoseconds; undefined when the archive's own time says it. */
  readonly memberMtimeNs: bigint | undefined;

  readonly #file: FileHandle;
  readonly #parts: AsyncGenerator<Member | Buffer, void>;
  /** What is kept: unpacked bytes from `#start` to `#end`. */
  #kept: Buffer[] = [];
  #start = 0;
  #end = 0;
  #floor = 0;
  #done = false;
  #failure: Error | undefined;
  #next: Member | undefined;
  #pulling: Promise<void> | undefined;

  private constructor(file: FileHandle, parts: AsyncGenerator<Member | Buffer, void>, member: Member) {
    this.#file = file;
    this.#parts = parts;
    this.name = member.name;
    this.memberMtimeNs = member.mtimeMs === undefined ? undefined : BigInt(member.mtimeMs) * NS_PER_MS;
  }

  /** Opens the first file of an archive. Rejects when there is none, or it cannot be unpacked at all. */
  static async open(file: FileHandle, kind: ArchiveKind): Promise<ArchiveContent> {
    const parts = unpack(file, kind);
    const { value } = await parts.next();
    if (value === undefined || Buffer.isBuffer(value)) throw new Error('the archive holds no file');
    return new ArchiveContent(file, parts, value);
  }

  /** The next file of the archive, undefined when this was the last one. Takes over the descriptor. */
  async following(): Promise<ArchiveContent | undefined> {
    this.#floor = Infinity;
    await this.#fill(Infinity);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#next === undefined ? undefined : new ArchiveContent(this.#file, this.#parts, this.#next);
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    await this.#fill(position + length);
    const count = Math.max(0, Math.min(length, this.#end - position));
    // Damage is told once all that precedes it has been handed out.
    if (count === 0 && this.#failure !== undefined) throw this.#failure;
    if (count > 0 && position < this.#start) throw new Error(`byte ${position} was forgotten already`);
    let at = this.#start;
    let copied = 0;
    for (const piece of this.#kept) {
      const from = position + copied - at;
      if (copied < count && from < piece.length) {
        copied += piece.copy(into, copied, from, Math.min(piece.length, from + count - copied));
      }
      at += piece.length;
    }
    // What comes next is unpacked, by another thread, while this is mapped.
    void this.#fill(position + 2 * length);
    return copied;
  }

  peek(): number {
    throw new Error('an archive does not change: there is nothing to compare');
  }

  glance(): ContentStat {
    return { size: this.#end, mtimeNs: this.memberMtimeNs ?? 0n, links: 1 };
  }

  forget(position: number): void {
    this.#floor = position;
    let whole = 0;
    for (const piece of this.#kept) {
      if (this.#start + piece.length > position) break;
      this.#start += piece.length;
      release(piece);
      whole++;
    }
    if (whole > 0) this.#kept.splice(0, whole);
  }

  stat(): Promise<ContentStat> {
    return Promise.resolve(this.glance());
  }

  async close(): Promise<void> {
    await this.#parts.return();
    await this.#file.close();
  }

  /** Unpacks until there are bytes up to `end`, or no more. Never rejects; may be called again meanwhile. */
  async #fill(end: number): Promise<void> {
    while (this.#end < end && !this.#done) {
      this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined));
      await this.#pulling;
    }
  }

  async #pull(): Promise<void> {
    try {
      const { value } = await this.#parts.next();
      if (value !== undefined && Buffer.isBuffer(value)) {
        this.#kept.push(value);
        this.#end += value.length;
        this.forget(this.#floor);
        return;
      }
      this.#next = value ?? undefined;
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#done = true;
  }
}
