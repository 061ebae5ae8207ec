/**
 * Ranges that were mapped before, and whose lines are read again as their chunk was damaged before the books knew of it.
 * Which of their times were plausible was decided then, and the name of the chunk says by which limits: they hold again,
 * however much later it is.
 */
import type { LogRange } from '../log-range.ts';
import { parseChunkName } from './layout.ts';
import { NO_LIMITS, type TimeLimits } from '../time-limits.ts';

export interface DecidedRange extends LogRange {
  readonly limits: TimeLimits;
}

/** A range was mapped; without limits none of its lines was told by them. */
export const decidedRange = ({
  fingerprint,
  from,
  to,
  limits = NO_LIMITS,
}: LogRange & { readonly limits?: TimeLimits | undefined }): DecidedRange => ({
  fingerprint,
  from,
  to,
  limits,
});

/** From the name of a file in the quarantine: `<destination>-<name of the chunk>`, perhaps with a number behind it. */
export function decidedByName(name: string): DecidedRange | undefined {
  const [, chunk] = /-(\d{16}-.*\.ndjson)(?:\.\d+)?$/.exec(name) ?? [];
  const parsed = chunk === undefined ? undefined : parseChunkName(chunk);
  return parsed && decidedRange(parsed);
}

/** The one that the byte at `offset` of a log lies in. */
export function decidedAt(
  ranges: readonly DecidedRange[],
  fingerprint: string,
  offset: number,
): DecidedRange | undefined {
  return ranges.find(
    (range) => range.fingerprint === fingerprint && range.from <= offset && offset < range.to,
  );
}

/** Where in (from, to) of a log one of them begins or ends, in order. */
export function bordersWithin(
  ranges: readonly DecidedRange[],
  fingerprint: string,
  from: number,
  to: number,
): number[] {
  const borders = ranges.flatMap((range) =>
    range.fingerprint === fingerprint ? [range.from, range.to] : [],
  );
  return [...new Set(borders.filter((at) => from < at && at < to))].toSorted((a, b) => a - b);
}
