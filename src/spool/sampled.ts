/**
 * Failed lines without a letter: beyond `dead.max_bytes` they are counted by reason, exactly, with the bytes of the log
 * in which they stand. That is bounded, however many they are: ranges that are near each other become one.
 */
import type { DeadReason, Sampled, SampledRange } from '../types.ts';
import type { FailedLine } from './open-range.ts';

/** Of one generation and reason. */
const MOST_RANGES = 32;
/** Of one that is finished: there may be a thousand of them. */
const MOST_RANGES_ENDED = 4;

/** What the books of a generation say of one reason. */
export interface SampledBook {
  /** Since the account of the generation began. */
  readonly letters: number;
  /** Oldest first; those from before its account began, too. */
  readonly ranges: readonly SampledRange[];
}
export type SampledBooks = { readonly [reason in DeadReason]?: SampledBook };

/** By reason, the range that they span. */
export function sampledOf(lines: readonly FailedLine[]): Sampled | undefined {
  const sampled: { [reason in DeadReason]?: SampledRange } = {};
  for (const { offset, failure, line, lineBytes = line.length } of lines) {
    const end = offset + lineBytes + 1;
    const [from = offset, to = end, letters = 0] = sampled[failure.reason] ?? [];
    sampled[failure.reason] = [Math.min(from, offset), Math.max(to, end), letters + 1];
  }
  return lines.length === 0 ? undefined : sampled;
}

export function addSampled(
  books: SampledBooks | undefined,
  more: Sampled | undefined,
): SampledBooks | undefined {
  if (more === undefined) return books;
  const sum: { [reason in DeadReason]?: SampledBook } = { ...books };
  for (const [reason, range] of entriesOf(more)) {
    const { letters = 0, ranges = [] } = sum[reason] ?? {};
    sum[reason] = { letters: letters + range[2], ranges: squeezed([...ranges, range], MOST_RANGES) };
  }
  return sum;
}

/** The generation is finished. */
export function squeezeSampled(books: SampledBooks): SampledBooks {
  return Object.fromEntries(
    entriesOf(books).map(([reason, { letters, ranges }]) => [
      reason,
      { letters, ranges: squeezed(ranges, MOST_RANGES_ENDED) },
    ]),
  );
}

/** The account of the generation begins anew. */
export function restartSampled(books: SampledBooks): SampledBooks {
  return Object.fromEntries(entriesOf(books).map(([reason, { ranges }]) => [reason, { letters: 0, ranges }]));
}

export const entriesOf = <V>(byReason: { readonly [reason in DeadReason]?: V }): [DeadReason, V][] =>
  Object.entries(byReason) as [DeadReason, V][];

/** At most so many, with the smallest gaps closed; they cover all that they covered, and count the same. */
function squeezed(ranges: readonly SampledRange[], most: number): SampledRange[] {
  const left = ranges.toSorted(([a], [b]) => a - b);
  while (left.length > 1) {
    let nearest = 1;
    for (let i = 2; i < left.length; i++) if (gap(left, i) < gap(left, nearest)) nearest = i;
    if (left.length <= most && gap(left, nearest) > 0) break;
    const [before, after] = [left[nearest - 1]!, left[nearest]!];
    const letters = before[2] + after[2];
    left.splice(nearest - 1, 2, [before[0], Math.max(before[1], after[1]), letters]);
  }
  return left;
}

const gap = (ranges: readonly SampledRange[], at: number): number => ranges[at]![0] - ranges[at - 1]![1];
