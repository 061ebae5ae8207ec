/**
 * Which dead letters may come again: those of ranges that are not settled. A claim is such a range and the places in the
 * letter files where its letters stand. It never holds the letters themselves, so what the checkpoint says of them has
 * the size of what waits to be settled, however many letters there are, and however old the oldest claim is.
 */
import type { IdSet } from './id-set.ts';

/** Bytes [from, to) of a letter file: whole letters, perhaps with others among them. */
export type LetterSpan = [file: string, from: number, to: number];

/**
 * What letters are written for: the lines of a range of a log, or the events of a chunk that was made from one. When lines
 * are read again whose chunk is gone, the letters of its events come again, too, with another chunk.
 */
export interface LetterSubject {
  readonly kind: string;
  /** The number of the chunk; absent for lines, and for events whose lines are read again. */
  readonly sequence?: number;
  /** For lines: whose log it is. */
  readonly source?: string;
  readonly fingerprint: string;
  readonly from: number;
  readonly to: number;
}

/** As the checkpoint has it. */
export interface StoredClaim extends LetterSubject {
  readonly spans: readonly LetterSpan[];
}

export interface LetterClaim extends LetterSubject {
  from: number;
  to: number;
  spans: LetterSpan[];
  /** Ids of the letters that earlier runs have written. */
  known?: IdSet;
}

/** More places are told of as if there were no gap between the nearest. */
const MOST_SPANS = 8;

export const subjectOf = ({
  kind,
  sequence,
  source,
  fingerprint,
  from,
  to,
}: LetterSubject): LetterSubject => ({
  kind,
  ...(sequence === undefined ? {} : { sequence }),
  ...(source === undefined ? {} : { source }),
  fingerprint,
  from,
  to,
});

export const keyOfChunk = ({ kind, sequence }: LetterSubject): string => `${kind}\n${sequence}`;
export const keyOfLog = ({ kind, source = '', fingerprint }: LetterSubject): string =>
  `${kind}\n${source}\n${fingerprint}`;

/** Places come in the order in which they were written. */
export function addSpan(spans: LetterSpan[], file: string, from: number, to: number): void {
  const last = spans.at(-1);
  if (last?.[0] === file && last[2] >= from) {
    last[2] = Math.max(last[2], to);
    return;
  }
  spans.push([file, from, to]);
  if (spans.length > MOST_SPANS) mergeNearest(spans);
}

function mergeNearest(spans: LetterSpan[]): void {
  let nearest = 0;
  let least = Infinity;
  for (let i = 1; i < spans.length; i++) {
    const [file, , end] = spans[i - 1]!;
    const [next, start] = spans[i]!;
    if (file !== next || start - end >= least) continue;
    least = start - end;
    nearest = i;
  }
  // None: one place in each file.
  if (nearest === 0) return;
  spans[nearest - 1]![2] = spans[nearest]![2];
  spans.splice(nearest, 1);
}

/** All places of the claims, by kind, in the order in which they were written, without overlaps. */
export function placesOf(claims: Iterable<StoredClaim>): Map<string, LetterSpan[]> {
  const kinds = Map.groupBy(claims, ({ kind }) => kind);
  return new Map(
    [...kinds].map(([kind, alike]) => {
      const sorted = alike
        .flatMap(({ spans }) => spans)
        .toSorted(([a, from], [b, other]) => (a < b ? -1 : a > b ? 1 : from - other));
      const union: LetterSpan[] = [];
      for (const [file, from, to] of sorted) {
        const last = union.at(-1);
        if (last?.[0] === file && last[2] >= from) last[2] = Math.max(last[2], to);
        else union.push([file, from, to]);
      }
      return [kind, union];
    }),
  );
}
