/**
 * Dead letters: NDJSON files under `state_dir/dead/`, one per kind and day, that a person can read and jq can
 * search. Appended and fsynced before the line or event they stand for counts as settled. The same failure has
 * the same id, and an id that is already there is not written again: a crash and a second pass double nothing.
 *
 * To know which ids are there a start need not read years of letters: whoever is about to write letters that might
 * come again after a crash takes a hold, and the checkpoint says where the oldest hold was taken (`marks`). Letters
 * from before that may still come again, of a run before the last, stand in the checkpoint one by one (`again`).
 */
import { join } from 'node:path';
import type { LogRange } from '../log-range.ts';
import type { Clock, DeadLetter } from '../types.ts';
import { kindOf, letterFile, type FoundLetters, type KnownLetter, type LetterMarks } from './letter-files.ts';
import type { StateFs } from './state-fs.ts';

/** Letters of a kind that were written since may come again. */
export interface Hold {
  readonly kind: string;
  file: string;
  offset: number;
}

/** The newest file of a kind, as far as this process has written it. */
interface Tail {
  file: string;
  end: number;
  /** A write was cut off, by a crash or a failure: what follows on `end` is to be thrown away. */
  torn: boolean;
  /** In the order in which they were taken, which is that of their places. */
  readonly holds: Set<Hold>;
}

const NEWLINE = 0x0a;

export class DeadLetterStore {
  readonly #fs: StateFs;
  readonly #folder: string;
  readonly #clock: Clock;
  /** Letters of earlier runs that may come again. */
  readonly #known: Map<string, KnownLetter>;
  readonly #tails = new Map<string, Tail>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(fs: StateFs, folder: string, clock: Clock, { known, tails }: FoundLetters) {
    this.#fs = fs;
    this.#folder = folder;
    this.#clock = clock;
    this.#known = known;
    for (const [kind, tail] of tails) this.#tails.set(kind, { ...tail, holds: new Set() });
  }

  /** To be called before letters are written for something that is not settled yet. */
  hold(kind: string): Hold {
    const { file, end, holds } = this.#tail(kind);
    const hold = { kind, file, offset: end };
    holds.add(hold);
    return hold;
  }

  /** It is settled, in the same turn, in what the next checkpoint says: no letter of that range comes again. */
  release(hold: Hold, range?: LogRange): void {
    this.#tail(hold.kind).holds.delete(hold);
    if (range === undefined) return;
    for (const letter of this.#known.values()) {
      const { id, fingerprint, offset } = letter;
      if (fingerprint !== range.fingerprint || offset < range.from || offset >= range.to) continue;
      if (kindOf(letter) === hold.kind) this.#known.delete(id);
    }
  }

  /** For the checkpoint: letters before these places will not come again. */
  marks(): LetterMarks {
    return Object.fromEntries(
      [...this.#tails].map(([kind, { file, end, holds }]) => {
        const [oldest = { file, offset: end }] = holds;
        return [kind, { file: oldest.file, offset: oldest.offset }];
      }),
    );
  }

  /** For the checkpoint: letters before these places that may come again nevertheless. */
  again(): KnownLetter[] {
    return [...this.#known.values()];
  }

  /** Makes letters of one kind durable. When it rejects, none of them counts as written, and calling again is safe. */
  append(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return Promise.resolve();
    const done = this.#last.then(() => this.#append(letters));
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(letters: readonly DeadLetter[]): Promise<void> {
    const fresh = letters.filter(({ id }) => !this.#known.has(id));
    const [first] = fresh;
    if (first === undefined) return;
    await this.#write(kindOf(first), fresh.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
  }

  async #write(kind: string, text: string): Promise<void> {
    const tail = this.#tail(kind);
    const today = letterFile(kind, this.#clock.now());
    // Never back to an earlier file, whatever the clock does: the marks rely on the order.
    if (today > tail.file) Object.assign(tail, { file: today, end: 0, torn: false });
    const path = join(this.#folder, tail.file);
    const separator = await this.#prepare(tail, path);
    const bytes = Buffer.from(separator + text);
    tail.torn = true;
    await this.#fs.writeAt(path, tail.end, bytes);
    if (tail.end === 0) await this.#fs.syncDir(this.#folder);
    tail.end += bytes.length;
    tail.torn = false;
  }

  /** Cuts off what a failed write left, and finds the end when somebody else has changed the file. */
  async #prepare(tail: Tail, path: string): Promise<'' | '\n'> {
    const size = (await this.#fs.size(path)) ?? 0;
    if (tail.torn && size > tail.end) {
      await this.#fs.truncate(path, tail.end);
      return '';
    }
    if (size === tail.end) return '';
    tail.end = size;
    for (const hold of tail.holds) {
      if (hold.file === tail.file) hold.offset = Math.min(hold.offset, size);
    }
    if (size === 0) return '';
    const [last] = await this.#fs.readAt(path, size - 1, 1);
    return last === NEWLINE ? '' : '\n';
  }

  #tail(kind: string): Tail {
    let tail = this.#tails.get(kind);
    if (tail === undefined) {
      tail = { file: '', end: 0, torn: false, holds: new Set() };
      this.#tails.set(kind, tail);
    }
    return tail;
  }
}
