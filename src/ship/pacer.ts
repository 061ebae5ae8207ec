/**
 * Even pacing to a number of requests per second. Time is a grid of slots, each used at most once; a slot that was
 * missed by more than a timer's inaccuracy is lost, so an idle time is never followed by a burst.
 */

/** Timers are late by a few milliseconds; slots missed by less are made up for. */
const TIMER_SLACK_MS = 5;

export class Pacer {
  readonly #intervalMs: number;
  #nextAt = 0;

  /** @param perSecond absent = no limit */
  constructor(perSecond: number | undefined) {
    this.#intervalMs = perSecond === undefined ? 0 : 1000 / perSecond;
  }

  /** Milliseconds until the next slot, 0 when one is free now. A clock that jumps back costs one interval at most. */
  waitMs(now: number): number {
    if (this.#intervalMs === 0) return 0;
    this.#nextAt = Math.min(this.#nextAt, now + this.#intervalMs);
    return Math.max(0, this.#nextAt - now);
  }

  /** Uses the slot that `waitMs` found free. */
  use(now: number): void {
    if (this.#intervalMs === 0) return;
    const onTheGrid = Math.abs(now - this.#nextAt) < Math.max(this.#intervalMs, TIMER_SLACK_MS);
    this.#nextAt = (onTheGrid ? this.#nextAt : now) + this.#intervalMs;
  }
}
