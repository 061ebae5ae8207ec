/** Which lines of a range gave an id that another line had given shortly before. */
import type { OpenRange } from './open-range.ts';
import { transactionIdOf, type RepeatedIds } from './repeated-ids.ts';

export interface RepeatingLine {
  readonly offset: number;
  readonly transactionId: string;
}

const TWO_TO_32 = 2 ** 32;

/** To be called once per range, when it is complete: its ids are remembered. Each line comes once, in their order. */
export function repeatingLines({ generation, from, parts }: OpenRange, ids: RepeatedIds): RepeatingLine[] {
  // The same line of the same content has the same number, wherever the file is by now.
  const seed = Number.parseInt(generation.fingerprint.slice(0, 8), 16);
  const repeating = new Map<number, string>();
  for (const [destination, part] of parts.entries()) {
    if (part === undefined) continue;
    const { body, ends, lineOffsets } = part;
    const lines = new Int32Array(part.events);
    let offset = from;
    for (let i = 0; i < lines.length; i++) {
      offset += lineOffsets[i]!;
      lines[i] = seed ^ offset ^ Math.imul(offset / TWO_TO_32, 0x9e3779b1);
    }
    for (const event of ids.repeats(destination, body, ends, lines)) {
      const at = lineOffsets.slice(0, event + 1).reduce((sum, delta) => sum + delta, from);
      repeating.set(at, transactionIdOf(body, event === 0 ? 0 : ends[event - 1]!, ends[event]!));
    }
  }
  return Array.from(repeating, ([offset, transactionId]) => ({ offset, transactionId })).toSorted(
    (a, b) => a.offset - b.offset,
  );
}
