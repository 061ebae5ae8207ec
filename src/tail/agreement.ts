/**
 * Whether a file holds what was read of a generation: the bytes before the offset must be those that its mark was made
 * of. A file that is shorter does not. Of a generation without a mark (nothing was read of it yet, or 0.1.0 did) its
 * head alone decides.
 */
import { isMarked, type Mark } from '../mark.ts';
import type { Content } from './content.ts';
import { Lookback } from './lookback.ts';

/** What is known of a generation: what stands before one of its offsets. */
export interface Evidence {
  readonly offset: number;
  readonly mark?: Mark | undefined;
}

/** Those that the content may be, by what it holds; in their order. An archive is unpacked up to the highest offset. */
export async function agreeing<E extends Evidence>(content: Content, known: readonly E[]): Promise<E[]> {
  const lookback = new Lookback(content);
  const agreed = new Set<E>();
  for (const one of known.toSorted((a, b) => a.offset - b.offset)) {
    if (one.mark === undefined || (await isMarkedAt(lookback, one.offset, one.mark))) agreed.add(one);
  }
  return known.filter((one) => agreed.has(one));
}

export async function isMarkedAt(lookback: Lookback, offset: number, mark: Mark): Promise<boolean> {
  const { end, bytes } = await lookback.before(offset);
  return end === offset && isMarked(bytes, mark);
}
