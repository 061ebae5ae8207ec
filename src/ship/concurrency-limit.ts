/**
 * How many requests at a time an endpoint can take: found out by what they take, in rounds of requests that were all sent
 * under the same limit. Grows as long as answers do not get slower, shrinks when they do, or when requests fail.
 *
 * Slower answers have two causes. Requests queue at the server: then a lower limit makes answers faster in proportion, and
 * costs nothing. Or the server needs that long, whatever is in flight: then a lower limit only costs throughput. Which of
 * them it is, the first lower limit tells: if answers are not faster under it, that is their time from now on, and the limit
 * is what it was.
 */

/** At the start; it is doubled with each round until something speaks against it. */
const FIRST = 8;
/** Answers that take up to so many times, … */
const TOLERATED = 1.25;
/**
 * … and so many milliseconds, longer than without a queue are no sign of one: our own event loop, and the network, have
 * theirs. A queue of this length harms nobody.
 */
const TOLERATED_MS = 100;
/** Of the size of requests, with each smaller one. */
const FORGOTTEN = 0.98;
/** A round has at most so many requests. */
const MOST_SAMPLES = 32;
/** A lower limit tells what it did to the answers' time when it is so much lower. */
const TELLING = 0.7;
/** Rounds in which one answer that is faster than all others does not count, after such a one had misled us; and at most. */
const LEAST_DISTRUST = 32;
const MOST_DISTRUST = 1024;
/** Rounds without a failure until a limit that failed is tried again; and at most, when it failed again and again. */
const LEAST_GOOD = 4;
const MOST_GOOD = 256;

export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #current: number;
  /** Doubling. */
  #starts = true;
  /** Requests with lower numbers were sent under another limit. */
  #from = 0;
  /** Milliseconds that answers take without a queue. */
  #unloadedMs = Number.POSITIVE_INFINITY;
  #distrust = 0;
  #distrusted = LEAST_DISTRUST;
  /** Of the last round. */
  #lastMs = 0;
  /**
   * The limit, and the answers' time under it, before it was lowered, and the limit before it was lowered for the first time.
   * A time that is rising proves nothing: a queue takes as long to grow as it is long.
   */
  #before:
    | { readonly limit: number; readonly ms: number; readonly isRising: boolean; readonly top: number }
    | undefined;
  /** Requests failed above it. */
  #ceiling = Number.POSITIVE_INFINITY;
  #good = 0;
  #needed = LEAST_GOOD;
  #isRaised = false;
  /** Events of the larger requests: small ones take less time. */
  #events = 1;
  /** How it was when it was lowered because an answer did not come. */
  #silenced:
    | { readonly limit: number; readonly from: number; readonly starts: boolean; readonly ceiling: number }
    | undefined;
  // The round.
  readonly #times = new Float64Array(MOST_SAMPLES);
  #taken = 0;
  #slowest = 0;
  #erred = 0;
  #isUsed = false;

  /** @param most the upper bound, `concurrency` */
  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(most, FIRST);
    this.#current = this.#limit;
  }

  /** Requests in flight, at least 1. */
  get current(): number {
    return this.#current;
  }

  /**
   * A request was answered.
   * @param request its number
   * @param next the number of the next request that will be sent
   * @param isFull whether as many were in flight as the limit allows
   * @param ms from its first byte sent to the first of the answer
   */
  answered(request: number, next: number, isFull: boolean, ms: number, events: number): void {
    if (request < this.#from && !this.#onlyLate(request)) return;
    if (isFull) this.#isUsed = true;
    const isSmall = events * 2 < this.#events;
    this.#events = Math.max(events, this.#events * FORGOTTEN);
    if (isSmall) return;
    this.#times[this.#taken++] = ms;
    if (ms > this.#slowest) this.#slowest = ms;
    this.#closeRound(next);
  }

  /** A request failed, which may be its own fault. */
  erred(request: number, next: number): void {
    if (request < this.#from) return;
    this.#erred++;
    this.#closeRound(next);
  }

  /** A request was given up that had no answer. When others that were sent before then are answered, it counts for nothing. */
  silent(request: number, next: number): void {
    if (request < this.#from) return;
    const silenced = {
      limit: this.#limit,
      from: this.#from,
      starts: this.#starts,
      ceiling: this.#ceiling,
    };
    this.overloaded(request, next, 1 / 2);
    this.#silenced = silenced;
  }

  #onlyLate(request: number): boolean {
    const silenced = this.#silenced;
    if (silenced === undefined || request < silenced.from) return false;
    this.#silenced = undefined;
    this.#starts = silenced.starts;
    this.#ceiling = silenced.ceiling;
    this.#change(silenced.limit, silenced.from);
    this.#from = silenced.from;
    return true;
  }

  /** The endpoint says that it has too much to do. */
  overloaded(request: number, next: number, factor: number): void {
    if (request < this.#from) return;
    this.#silenced = undefined;
    this.#ceiling = Math.max(1, this.#current - 1);
    this.#needed = Math.min(this.#needed * 2, MOST_GOOD);
    this.#good = 0;
    this.#isRaised = false;
    this.#starts = false;
    this.#before = undefined;
    this.#change(this.#limit * factor, next);
    this.#newRound(next);
  }

  #closeRound(next: number): void {
    const size = Math.min(MOST_SAMPLES, Math.ceil(this.#limit / 2) + 1);
    if (this.#taken + this.#erred < size) return;
    if (this.#erred > this.#taken) this.#change(this.#limit * TELLING, next);
    else if (!this.#isFast()) this.#judge(next);
    this.#newRound(next);
  }

  /** There is nothing to find out, as with a fast server for most of the time. */
  #isFast(): boolean {
    return this.#limit >= this.#most && Math.max(this.#unloadedMs, this.#slowest) <= TOLERATED_MS;
  }

  #newRound(next: number): void {
    this.#taken = 0;
    this.#slowest = 0;
    this.#erred = 0;
    this.#isUsed = false;
    // Those in flight count for the next round only while the limit is the same.
    if (this.#current !== Math.round(this.#limit)) {
      this.#current = Math.round(this.#limit);
      this.#from = next;
    }
  }

  #judge(next: number): void {
    const times = this.#times.subarray(0, this.#taken).toSorted();
    const ms = times[(times.length - 1) >>> 1]!;
    const isRising = ms > this.#lastMs * TOLERATED;
    this.#lastMs = ms;
    this.#learn(ms, times[0]!);
    if (ms > this.#unloadedMs * TOLERATED + TOLERATED_MS) this.#slower(ms, isRising, next);
    else this.#asFast(ms, next);
  }

  #asFast(ms: number, next: number): void {
    this.#before = undefined;
    if (!this.#isUsed || this.#limit >= this.#most) return;
    const isFree = ms <= this.#unloadedMs * TOLERATED;
    const step = this.#starts ? this.#limit : Math.max(1, isFree ? this.#limit / 4 : 0);
    this.#change(Math.min(this.#limit + step, this.#passable()), next);
  }

  /** How far it may grow: where requests failed only after enough rounds in which none did. */
  #passable(): number {
    if (this.#limit < Math.floor(this.#ceiling)) return this.#ceiling;
    if (++this.#good < this.#needed) return this.#limit;
    this.#good = 0;
    if (this.#isRaised) this.#needed = Math.max(LEAST_GOOD, this.#needed / 2);
    this.#isRaised = true;
    this.#ceiling += Math.max(1, this.#ceiling / 4);
    return this.#ceiling;
  }

  #slower(ms: number, isRising: boolean, next: number): void {
    const before = this.#before;
    if (before !== undefined && !before.isRising && this.#limit <= before.limit * TELLING) {
      const lower = 1 - this.#limit / before.limit;
      this.#before = undefined;
      if (ms > before.ms * (1 - lower / 2)) {
        // No queue: it takes that long.
        this.#unloadedMs = ms;
        this.#distrust = this.#distrusted;
        this.#distrusted = Math.min(this.#distrusted * 2, MOST_DISTRUST);
        this.#change(before.top, next);
        return;
      }
    }
    if (!this.#isUsed) return;
    this.#starts = false;
    // So many are worked on; and some more, so that it never waits for us.
    const workedOn = this.#limit * (this.#unloadedMs / ms);
    const wanted = Math.max(this.#limit / 2, workedOn + Math.max(1, this.#limit / 4));
    const isSettled = Math.abs(wanted - this.#limit) < 0.5;
    const last = isSettled ? undefined : this.#before;
    // Slower than before it was lowered: then it is something else that has changed, just now.
    if (last === undefined || last.isRising || ms > last.ms) {
      const top = Math.max(last?.top ?? 0, this.#limit);
      this.#before = { limit: this.#limit, ms, isRising, top };
    }
    this.#change(Math.min(wanted, this.#limit), next);
  }

  #learn(usualMs: number, leastMs: number): void {
    if (usualMs < this.#unloadedMs) this.#unloadedMs = usualMs;
    if (this.#distrust > 0) this.#distrust--;
    else this.#unloadedMs = Math.min(this.#unloadedMs, leastMs);
  }

  #change(limit: number, next: number): void {
    this.#limit = Math.min(this.#most, Math.max(1, limit));
    if (Math.round(this.#limit) === this.#current) return;
    this.#current = Math.round(this.#limit);
    this.#from = next;
  }
}
