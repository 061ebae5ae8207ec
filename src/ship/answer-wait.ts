/**
 * How long an endpoint's answers are waited for. What was sent and is not answered is probably stored: to give it up costs a
 * server that is slow already the same work again. So when requests time out, the next ones are waited for longer.
 */

/** The wait grows up to so many times what was configured. */
export const MOST_GROWTH = 4;
/** What a slow answer counts for after another one. */
const FADING = 0.97;

export class AnswerWait {
  readonly #leastMs: number;
  #currentMs: number;
  #slowestMs = 0;

  /** @param leastMs `answer_timeout` */
  constructor(leastMs: number) {
    this.#leastMs = leastMs;
    this.#currentMs = leastMs;
  }

  get currentMs(): number {
    return this.#currentMs;
  }

  /**
   * A request was given up after the current wait: also those in flight are waited for twice as long, so that of those
   * which were sent together only the first is given up too early.
   */
  expired(): void {
    this.#currentMs = Math.min(this.#currentMs * 2, this.#leastMs * MOST_GROWTH);
  }

  /** @param ms from its first byte sent to the first of the answer */
  answered(ms: number): void {
    if (this.#currentMs === this.#leastMs) return;
    this.#slowestMs = Math.max(ms, this.#slowestMs * FADING);
    if (this.#slowestMs * 3 < this.#currentMs) this.#currentMs = Math.max(this.#leastMs, this.#currentMs / 2);
  }
}
