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
  const ofLogs = all.filter(({ kind }) => kind === LINES);
  return { claims: [...all.filter(({ kind }) => kind !== LINES), ...ofLogs.slice(-MOST_LOGS)], tails };
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
  /** By source and fingerprint: from where lines are read again. */
  readonly #readFrom = new Map<string, number>();

  constructor(ledger: Ledger, chunks: ReadonlyMap<string, readonly SealedChunk[]>) {
    this.#ledger = ledger;
    this.#chunks = chunks;
    for (const [source, { positions }] of this.#ledger.sources()) {
      for (const { fingerprint, offset } of positions) {
        const key = keyOfLog({ kind: LINES, source, fingerprint, from: 0, to: 0 });
        this.#readFrom.set(key, Math.min(offset, this.#readFrom.get(key) ?? Infinity));
      }
    }
  }

  has(claim: StoredClaim): boolean {
    if (claim.sequence === undefined) return (this.#readFrom.get(keyOfLog(claim)) ?? 0) < claim.to;
    const { sequence } = claim;
    return [...this.#chunks].some(
      ([destination, waiting]) =>
        kindAt(destination) === claim.kind && waiting.some((chunk) => chunk.sequence === sequence),
    );
  }

  /** What the letter was written for, as far as that comes again. Logs that begin alike cannot be told apart. */
  subjectsOf({ source, fingerprint, offset, destination }: KnownLetter): readonly LetterSubject[] {
    if (destination === undefined) {
      const subject = { kind: LINES, source, fingerprint, from: offset, to: offset + 1 };
      return offset >= (this.#readFrom.get(keyOfLog(subject)) ?? 0) ? [subject] : [];
    }
    const ranges = this.#rangesOf(destination).get(fingerprint) ?? [];
    const subjects: WaitingChunk[] = [];
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
