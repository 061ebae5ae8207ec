/** How long to wait before another try. */

/**
 * Exponential backoff with full jitter: a random share of `base × 2^attempt`, at most `cap`, so that many
 * batches (and many daemons) that failed together do not come back together.
 * @param attempt failures so far, from 0
 * @param random uniform in [0, 1)
 * @returns whole milliseconds, never 0
 */
export function fullJitterMs(baseMs: number, capMs: number, attempt: number, random: () => number): number {
  return Math.ceil(Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)) * (1 - random()));
}
