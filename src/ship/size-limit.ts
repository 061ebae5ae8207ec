/**
 * How large a request may be: what was configured, lowered by refusals for size, and raised again by itself. A limit that
 * was refused by mistake, or has gone, is found out; one that stays costs a refused request now and then.
 */

/** Requests at the limit that must get through before it is doubled … */
const LEAST_GOOD = 64;
/** … and at most, when doubling it failed again and again. */
const MOST_GOOD = 2048;

export class SizeLimit {
  readonly #top: number;
  readonly #unlimitedFrom: number;
  #current: number;
  #good = 0;
  #needed = LEAST_GOOD;
  /** The limit before it was raised, as long as nothing larger has got through. */
  #before: number | undefined;

  /**
   * @param top what was configured
   * @param unlimitedFrom a limit that is raised to this is none
   */
  constructor(top: number, unlimitedFrom = top) {
    this.#top = top;
    this.#current = top;
    this.#unlimitedFrom = unlimitedFrom;
  }

  get current(): number {
    return this.#current;
  }

  get isLowered(): boolean {
    return this.#current < this.#top;
  }

  /** @returns whether that is news: less than before, and not only a raise that did not do */
  lower(to: number): boolean {
    if (to >= this.#current) return false;
    const isNews = this.#before === undefined;
    if (!isNews) this.#needed = Math.min(this.#needed * 2, MOST_GOOD);
    this.#before = undefined;
    this.#current = Math.max(1, to);
    this.#good = 0;
    return isNews;
  }

  /** A request of that size failed without a word of its size: which counts if none so large has got through. */
  failed(size: number): void {
    if (this.#before !== undefined && size > this.#before) this.lower(this.#before);
  }

  /** A request of that size got through. */
  passed(size: number): void {
    if (!this.isLowered || size * 2 < this.#current) return;
    if (this.#before !== undefined && size > this.#before) {
      this.#before = undefined;
      this.#needed = LEAST_GOOD;
    }
    if (++this.#good < this.#needed) return;
    this.#good = 0;
    this.#before = this.#current;
    const doubled = this.#current * 2;
    this.#current = doubled >= this.#unlimitedFrom ? this.#top : doubled;
  }
}
