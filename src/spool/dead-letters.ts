/**
 * Dead letters: NDJSON files under `state_dir/dead/`, one per kind and day, that a person can read and jq can
 * search. Appended and fsynced before the line or event they stand for counts as settled. The same failure has
 * the same id, and an id that is already there is not written again: a crash and a second pass double nothing.
 */
import { join } from 'node:path';
import type { Clock, DeadLetter } from '../types.ts';
import type { StateFs } from './state-fs.ts';

const NEWLINE = 0x0a;

/** `dead/lines-2026-11-20.ndjson`; the kind is `lines` or `at-<destination>`. */
const fileName = (letter: DeadLetter, day: string): string =>
  `${letter.destination === undefined ? 'lines' : `at-${letter.destination}`}-${day}.ndjson`;

export class DeadLetterStore {
  readonly #fs: StateFs;
  readonly #folder: string;
  readonly #clock: Clock;
  /** Ids on disk that the pass after a recovery brings again, each at most once. */
  readonly #known: Set<string>;
  /** Where the next letter of each file belongs, as far as this process has written it. */
  readonly #ends = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(fs: StateFs, folder: string, clock: Clock, known: Set<string>) {
    this.#fs = fs;
    this.#folder = folder;
    this.#clock = clock;
    this.#known = known;
  }

  /** Makes the letters durable. When it rejects none of them counts as written; calling again is safe. */
  append(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return Promise.resolve();
    const done = this.#last.then(() => this.#append(letters));
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(letters: readonly DeadLetter[]): Promise<void> {
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10);
    const fresh = letters.filter(({ id }) => !this.#known.has(id));
    for (const [name, group] of Map.groupBy(fresh, (letter) => fileName(letter, day))) {
      const path = join(this.#folder, name);
      const end = await this.#endOf(path);
      const bytes = Buffer.from(group.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
      this.#ends.set(path, end);
      await this.#fs.writeAt(path, end, bytes);
      if (end === 0) await this.#fs.syncDir(this.#folder);
      this.#ends.set(path, end + bytes.length);
    }
    for (const { id } of letters) this.#known.delete(id);
  }

  /** End of the last whole letter; what a failed write or a crash left after it is cut off. */
  async #endOf(path: string): Promise<number> {
    const size = (await this.#fs.size(path)) ?? 0;
    const written = this.#ends.get(path);
    if (written === size) return size;
    // Longer than what we wrote: a write of ours failed half-way. Shorter: somebody has moved or edited the file.
    const end = written !== undefined && written < size ? written : await lastLineEnd(this.#fs, path, size);
    if (end < size) await this.#fs.truncate(path, end);
    return end;
  }
}

const TAIL_BYTES = 64 * 1024;

/** Offset after the last newline among the first `size` bytes of a file. */
async function lastLineEnd(fs: StateFs, path: string, size: number): Promise<number> {
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - TAIL_BYTES);
    const newline = (await fs.readAt(path, start, end - start)).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** Reads every letter of the folder, oldest file first; torn lines are left out. */
export async function* readDeadLetters(fs: StateFs, folder: string): AsyncGenerator<DeadLetter> {
  for (const name of await fs.list(folder)) {
    if (!name.endsWith('.ndjson')) continue;
    for (const line of (await fs.read(join(folder, name))).toString('utf8').split('\n')) {
      if (line === '') continue;
      let letter: DeadLetter;
      try {
        letter = JSON.parse(line) as DeadLetter;
      } catch {
        continue;
      }
      yield letter;
    }
  }
}
