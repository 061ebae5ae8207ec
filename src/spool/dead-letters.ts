/**
 * Dead letters: NDJSON files under `state_dir/dead/`, one per kind and day, that a person can read and jq can
 * search. Appended and fsynced before the line or event they stand for counts as settled. The same failure has
 * the same id, and an id that is already there is not written again: a crash and a second pass double nothing.
 *
 * To know which ids are there a start need not read years of letters, nor remember them: only those of ranges that are not
 * settled may come again. Such a range has a claim, which tells where its letters stand (`claims`), and what was written
 * after the checkpoint stands behind its marks (`marks`).
 */
import { join } from 'node:path';
import type { Clock, DeadLetter } from '../types.ts';
import type { IdSet } from './id-set.ts';
import {
  addSpan,
  keyOfChunk,
  keyOfLog,
  subjectOf,
  type LetterClaim,
  type LetterSpan,
  type LetterSubject,
  type StoredClaim,
} from './letter-claims.ts';
import { kindOf, letterFile, type FoundLetters, type LetterMarks } from './letter-files.ts';
import type { StateFs } from './state-fs.ts';

/** The newest file of a kind, as far as this process has written it. */
interface Tail {
  file: string;
  end: number;
  /** A write was cut off, by a crash or a failure: what follows on `end` is to be thrown away. */
  torn: boolean;
}

const NEWLINE = 0x0a;

export class DeadLetterStore {
  readonly #fs: StateFs;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #tails = new Map<string, Tail>();
  /** Those with letters that may come again. */
  readonly #claims = new Set<LetterClaim>();
  /** Of earlier runs, by chunk. */
  readonly #chunks = new Map<string, LetterClaim>();
  /** Of earlier runs, by log: letters of lines that are read again. */
  readonly #logs = new Map<string, LetterClaim>();
  readonly #known: IdSet | undefined;
  readonly #wrote: (bytes: number) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** @param wrote so many bytes of letters are durable */
  constructor(
    fs: StateFs,
    folder: string,
    clock: Clock,
    { known, claims, tails }: FoundLetters,
    wrote: (bytes: number) => void = () => {},
  ) {
    this.#fs = fs;
    this.#folder = folder;
    this.#clock = clock;
    this.#known = known;
    this.#wrote = wrote;
    for (const claim of claims) {
      this.#claims.add(claim);
      if (claim.sequence === undefined) this.#logs.set(keyOfLog(claim), claim);
      else this.#chunks.set(keyOfChunk(claim), claim);
    }
    for (const [kind, tail] of tails) this.#tails.set(kind, { ...tail });
  }

  /** To be called before letters are written for something that is not settled yet. */
  claim(subject: LetterSubject): LetterClaim {
    const earlier = subject.sequence === undefined ? undefined : this.#chunks.get(keyOfChunk(subject));
    return earlier ?? { ...subject, spans: [] };
  }

  /** It is settled, in the same turn, in what the next checkpoint says: none of its letters comes again. */
  settled(claim: LetterClaim): void {
    this.#claims.delete(claim);
    if (claim.sequence !== undefined) this.#chunks.delete(keyOfChunk(claim));
    const earlier = this.#logs.get(keyOfLog(claim));
    if (earlier === undefined || claim.from > earlier.from) return;
    earlier.from = Math.max(earlier.from, claim.to);
    if (earlier.from < earlier.to) return;
    this.#claims.delete(earlier);
    this.#logs.delete(keyOfLog(claim));
  }

  /** For the checkpoint: letters before these places will not come again, but for … */
  marks(): LetterMarks {
    return Object.fromEntries([...this.#tails].map(([kind, { file, end }]) => [kind, { file, offset: end }]));
  }

  /** … those of what is not settled, at these places. */
  claims(): StoredClaim[] {
    return [...this.#claims].map((claim) => ({
      ...subjectOf(claim),
      spans: claim.spans.map((span): LetterSpan => [...span]),
    }));
  }

  /** Tells ids for which an earlier run has written a letter; undefined when there can be none. */
  knownOf(claim: LetterClaim): ((id: string) => boolean) | undefined {
    const sets = [this.#known, claim.known, this.#logs.get(keyOfLog(claim))?.known].filter(
      (set) => set !== undefined && set.size > 0,
    );
    return sets.length === 0 ? undefined : (id) => sets.some((set) => set?.has(id) === true);
  }

  /** Makes letters of one kind durable. When it rejects, none of them counts as written, and calling again is safe. */
  append(letters: readonly DeadLetter[], claim: LetterClaim): Promise<void> {
    if (letters.length === 0) return Promise.resolve();
    const done = this.#last.then(() => this.#append(letters, claim));
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(letters: readonly DeadLetter[], claim: LetterClaim): Promise<void> {
    const isKnown = this.knownOf(claim);
    const fresh = isKnown === undefined ? letters : letters.filter(({ id }) => !isKnown(id));
    const [first] = fresh;
    if (first === undefined) return;
    const text = fresh.map((letter) => `${JSON.stringify(letter)}\n`).join('');
    await this.#write(kindOf(first), text, claim);
  }

  async #write(kind: string, text: string, claim: LetterClaim): Promise<void> {
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
    // In one turn: a checkpoint has the letters behind its mark, or among its claims.
    addSpan(claim.spans, tail.file, tail.end, tail.end + bytes.length);
    this.#claims.add(claim);
    tail.end += bytes.length;
    tail.torn = false;
    this.#wrote(bytes.length);
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
    // What stands where in it now, only the next start may have to know.
    for (const claim of this.#claims) {
      if (!claim.spans.some(([file]) => file === tail.file)) continue;
      claim.spans = claim.spans.filter(([file]) => file !== tail.file);
      if (size > 0) addSpan(claim.spans, tail.file, 0, size);
    }
    if (size === 0) return '';
    const [last] = await this.#fs.readAt(path, size - 1, 1);
    return last === NEWLINE ? '' : '\n';
  }

  #tail(kind: string): Tail {
    let tail = this.#tails.get(kind);
    if (tail === undefined) {
      tail = { file: '', end: 0, torn: false };
      this.#tails.set(kind, tail);
    }
    return tail;
  }
}
