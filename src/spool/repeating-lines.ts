/** Which lines of a range gave an id that another line had given shortly before. */
import type { OpenRange } from './open-range.ts';
import { transactionIdOf, type RepeatedIds } from './repeated-ids.ts';

export interface RepeatingLine {
  readonly offset: number;
  readonly transactionId: string;
}

/** To be called once per range, when it is complete: its ids are remembered. Each line comes once, in their order. */
export function repeatingLines({ generation, parts }: OpenRange, ids: RepeatedIds): RepeatingLine[] {
  // The same line of the same content has the same number, wherever the file is by now.
  const seed = Number.parseInt(generation.fingerprint.slice(0, 8), 16);
  const repeating = new Map<number, string>();
  for (const [destination, part] of parts.entries()) {
    if (part === undefined) continue;
    const { body, starts, lines } = part;
    for (const event of ids.repeats(destination, part, seed)) {
      repeating.set(lines[event]!, transactionIdOf(body, starts[event]!, starts[event + 1]!));
    }
  }
  return Array.from(repeating, ([offset, transactionId]) => ({ offset, transactionId })).toSorted(
    (a, b) => a.offset - b.offset,
  );
}
