/**
 * How many requests a second an endpoint grants: what it announces (`X-RateLimit-Remaining` and `-Reset`), spread evenly over
 * the time for which that is to do, so that it is not used up before, and shared with whoever else uses it; or, where it refuses with a 429 and announces nothing,
 * what it took in the second before, lowered by each refusal, raised slowly. No limit until there is a reason.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { MOST_MS, parseWait, single } from './retry-after.ts';

/** Of what it took, and of our share of what it announces. */
const SHARE = 0.9;
/** However much others use. */
const LEAST_SHARE = 0.05;
/** What was seen counts for so much when something newer is. */
const FADING = 0.95;
/** With a refusal. */
const LOWERED = 0.7;
/** A second: below what was refused last, and from there on. */
const RAISED = 1.1;
const RAISED_SLOWLY = 1.02;
/** Requests a second. */
const LEAST = 0.1;
const UNLIMITED = 10_000;
const SECOND = 1000;
/** Of a longer time its first half may be used at once. */
const SHORT_MS = 10_000;

export class RequestRate {
  readonly #random: () => number;
  #perSecond = Number.POSITIVE_INFINITY;
  /** At the last refusal. */
  #refusedAt = Number.POSITIVE_INFINITY;
  #raised = 0;
  /** What was announced: milliseconds between requests. */
  #spreadMs = 0;
  /** Until then what was announced has to do. */
  #resetAt = 0;
  #remaining = 0;
  /** Of the requests that it counts, those that were ours, lately. */
  #ours = 1;
  #all = 1;
  #usedAt = Number.NEGATIVE_INFINITY;
  /** Requests with lower numbers were sent before it was lowered. */
  #from = 0;
  // Requests that were taken in this second, and in the one before.
  #second = 0;
  #taken = 0;
  #takenBefore = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isLimited(): boolean {
    return this.#perSecond !== Number.POSITIVE_INFINITY || this.#spreadMs > 0;
  }

  /** Requests a second, rounded; undefined when nothing limits them. */
  get perSecond(): number | undefined {
    return this.isLimited ? Math.round((SECOND / this.#intervalMs) * 10) / 10 : undefined;
  }

  /** Milliseconds until the next request may go out. A clock that jumps back costs one interval at most. */
  waitMs(now: number): number {
    if (!this.isLimited) return 0;
    const interval = this.#intervalMs;
    return Math.min(interval, Math.max(0, this.#usedAt + interval - now));
  }

  use(now: number): void {
    if (!this.isLimited) return;
    const due = this.#usedAt + this.#intervalMs;
    // Timers are late: what is missed by less than an interval is made up for.
    this.#usedAt = now >= due && now - due < this.#intervalMs ? due : now;
  }

  /** A request was taken. */
  took(now: number): void {
    const second = Math.floor(now / SECOND);
    if (second !== this.#second) {
      this.#takenBefore = second === this.#second + 1 ? this.#taken : 0;
      this.#taken = 0;
      this.#second = second;
    }
    this.#taken++;
    if (this.#perSecond !== Number.POSITIVE_INFINITY && second !== this.#raised) this.#raise(second);
  }

  /**
   * A request was refused with a 429.
   * @param request its number
   * @param next the number of the next request that will be sent
   */
  refused(request: number, next: number, now: number): void {
    if (request < this.#from) return;
    this.#from = next;
    this.#raised = Math.floor(now / SECOND);
    const isRecent = this.#raised - this.#second <= 1;
    const taken = isRecent ? Math.max(this.#taken, this.#takenBefore) : 0;
    if (this.#perSecond !== Number.POSITIVE_INFINITY) {
      this.#refusedAt = this.#perSecond;
      this.#perSecond = Math.max(LEAST, this.#perSecond * LOWERED);
    } else if (taken > 0) {
      this.#refusedAt = taken;
      this.#perSecond = taken * SHARE;
    }
  }

  /**
   * What an answer announces.
   * @param inFlight requests that it does not know of yet
   * @returns whether it announces anything
   */
  announced(headers: IncomingHttpHeaders, inFlight: number, now: number): boolean {
    const told = headers['x-ratelimit-remaining'];
    if (told === undefined) return false;
    const remaining = Number(single(told));
    const date = Date.parse(single(headers['date']));
    const resetMs = parseWait(single(headers['x-ratelimit-reset']), Number.isNaN(date) ? now : date);
    if (single(told) === '' || !(remaining >= 0) || headers['x-ratelimit-reset'] === undefined) return false;
    const resetAt = now + Math.min(Math.max(SECOND, resetMs), MOST_MS);
    // Seconds are rounded: the earliest that was told of the same time is the nearest to the truth.
    const isNew = remaining > this.#remaining || now >= this.#resetAt;
    this.#resetAt = isNew ? resetAt : Math.min(this.#resetAt, resetAt);
    if (!isNew) this.#learnShare(this.#remaining - remaining);
    this.#remaining = remaining;
    this.#spread(remaining - inFlight, Number(single(headers['x-ratelimit-limit'])), now);
    return true;
  }

  /** @param used requests by anybody since the last answer, of which one was ours */
  #learnShare(used: number): void {
    this.#ours = this.#ours * FADING + 1;
    this.#all = this.#all * FADING + Math.max(1, used);
  }

  get #intervalMs(): number {
    return Math.max(this.#spreadMs, SECOND / this.#perSecond);
  }

  #spread(remaining: number, limit: number, now: number): void {
    const leftMs = Math.max(1, this.#resetAt - now);
    const ours = remaining * Math.max(LEAST_SHARE, this.#ours / this.#all) * SHARE;
    if (leftMs > SHORT_MS && remaining * 2 > limit) this.#spreadMs = 0;
    else if (ours >= 1) this.#spreadMs = leftMs / ours;
    // Others wait for the same moment.
    else this.#spreadMs = leftMs * (1 + this.#random() / 4);
  }

  #raise(second: number): void {
    this.#raised = second;
    this.#perSecond *= this.#perSecond < this.#refusedAt * SHARE ? RAISED : RAISED_SLOWLY;
    if (this.#perSecond > UNLIMITED) this.#perSecond = Number.POSITIVE_INFINITY;
  }
}
