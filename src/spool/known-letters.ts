/**
 * Which of the dead letters on disk a start must know, since what they stand for comes again: those of chunks that wait,
 * and those of lines that are read again. Others are not even remembered, be there millions.
 */
import type { SealedChunk } from '../types.ts';
import type { CheckpointData } from './checkpoint.ts';
import { IdSet } from './id-set.ts';
import {
  addSpan,
  keyOfChunk,
  keyOfLog,
  placesOf,
  subjectOf,
  type LetterClaim,
  type LetterSubject,
  type StoredClaim,
} from './letter-claims.ts';
import { findLetters, kindAt, LINES, type FoundLetters, type KnownLetter } from './letter-files.ts';
import type { Ledger } from './ledger.ts';
import type { StateFs } from './state-fs.ts';

/** Logs whose letters are remembered though nobody reads their lines again: they may be gone for ever. */
const MOST_LOGS = 1000;

/** @param chunks That wait, by destination. */
export async function knownLetters(
  fs: StateFs,
  folder: string,
  { letters: marks, claims, again = [] }: Pick<CheckpointData, 'letters' | 'claims' | 'again'>,
  ledger: Ledger,
  chunks: ReadonlyMap<string, readonly SealedChunk[]>,
): Promise<FoundLetters> {
  const waiting = new Waiting(ledger, chunks);
  const found = new Map<string, LetterClaim>();
  // 0.1.0 wrote ids instead of places: where it did, all files are looked through, once.
  const isOld = claims === undefined && again.some((letter) => waiting.subjectsOf(letter).length > 0);
  const tails = await findLetters(fs, folder, {
    marks: isOld ? {} : marks,
    places: placesOf((claims ?? []).filter((claim) => waiting.has(claim))),
    found: (letter, file, from, to) => {
      for (const subject of waiting.subjectsOf(letter)) {
        const key = subject.sequence === undefined ? keyOfLog(subject) : keyOfChunk(subject);
        let claim = found.get(key);
        if (claim === undefined) found.set(key, (claim = { ...subject, spans: [], known: new IdSet() }));
        claim.from = Math.min(claim.from, subject.from);
        claim.to = Math.max(claim.to, subject.to);
        addSpan(claim.spans, file, from, to);
        claim.known?.add(letter.id);
      }
    },
  });
  const all = [...found.values()];
  const ofChunks = all.filter(({ sequence }) => sequence !== undefined);
  const ofLogs = all.filter(({ sequence }) => sequence === undefined);
  return { claims: [...ofChunks, ...ofLogs.slice(-MOST_LOGS)], tails };
}

/** All letters there are: for a replay, which may read everything again. */
export async function allLetters(fs: StateFs, folder: string): Promise<FoundLetters> {
  const known = new IdSet();
  const tails = await findLetters(fs, folder, { marks: {}, found: ({ id }) => known.add(id) });
  return { known, claims: [], tails };
}

interface WaitingChunk extends LetterSubject {
  readonly sequence: number;
  /** The largest `to` of this one and those before it. */
  readonly reach: number;
}

/** What comes again. */
class Waiting {
  readonly #ledger: Ledger;
  readonly #chunks: ReadonlyMap<string, readonly SealedChunk[]>;
  /** By kind and fingerprint, in the order of their ranges; made when somebody asks. */
  readonly #byRange = new Map<string, Map<string, WaitingChunk[]>>();
  /** By source and fingerprint, and by fingerprint alone: from where lines are read again. */
  readonly #readFrom = new Map<string, number>();

  constructor(ledger: Ledger, chunks: ReadonlyMap<string, readonly SealedChunk[]>) {
    this.#ledger = ledger;
    this.#chunks = chunks;
    for (const [source, { positions }] of this.#ledger.sources()) {
      for (const { fingerprint, offset } of positions) {
        for (const key of [`${source}\n${fingerprint}`, fingerprint]) {
          this.#readFrom.set(key, Math.min(offset, this.#readFrom.get(key) ?? Infinity));
        }
      }
    }
  }

  has(claim: StoredClaim): boolean {
    const { kind, source, fingerprint, from, to } = claim;
    const log = source === undefined ? fingerprint : `${source}\n${fingerprint}`;
    if ((this.#readFrom.get(log) ?? 0) < to) return true;
    return [...this.#chunks].some(
      ([destination, waiting]) =>
        kindAt(destination) === kind &&
        waiting.some((chunk) => chunk.fingerprint === fingerprint && chunk.from < to && chunk.to > from),
    );
  }

  /** What the letter was written for, as far as that comes again. Logs that begin alike cannot be told apart. */
  subjectsOf({ source, fingerprint, offset, destination }: KnownLetter): readonly LetterSubject[] {
    const isReadAgain = offset >= (this.#readFrom.get(`${source}\n${fingerprint}`) ?? 0);
    const range = { fingerprint, from: offset, to: offset + 1 };
    if (destination === undefined) return isReadAgain ? [{ kind: LINES, source, ...range }] : [];
    const ranges = this.#rangesOf(destination).get(fingerprint) ?? [];
    const subjects: LetterSubject[] = isReadAgain ? [{ kind: kindAt(destination), ...range }] : [];
    for (let at = lastFrom(ranges, offset); at >= 0 && ranges[at]!.reach > offset; at--) {
      if (ranges[at]!.to > offset) subjects.push(ranges[at]!);
    }
    return subjects.map(subjectOf);
  }

  #rangesOf(destination: string): Map<string, WaitingChunk[]> {
    const kind = kindAt(destination);
    let known = this.#byRange.get(kind);
    if (known === undefined) {
      known = new Map();
      const waiting = this.#chunks.get(destination) ?? [];
      for (const [fingerprint, alike] of Map.groupBy(waiting, (chunk) => chunk.fingerprint)) {
        let reach = 0;
        const sorted = alike.toSorted((a, b) => a.from - b.from);
        known.set(
          fingerprint,
          sorted.map(({ sequence, from, to }) => {
            reach = Math.max(reach, to);
            return { kind, sequence, fingerprint, from, to, reach };
          }),
        );
      }
      this.#byRange.set(kind, known);
    }
    return known;
  }
}

/** The last of the ranges that begins at or before `offset`; -1 when none does. */
function lastFrom(ranges: readonly WaitingChunk[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.from <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
