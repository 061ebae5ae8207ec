/** One address of Lago: its connections, what says whether it is worth a try, and how much it can take. */
import { AnswerWait } from './answer-wait.ts';
import type { Breaker } from './breaker.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { HttpClient } from './http-client.ts';
import { Refusals } from './refusals.ts';
import { RequestRate } from './request-rate.ts';

export interface EndpointOptions {
  readonly client: HttpClient;
  readonly breaker: Breaker;
  readonly hold: Breaker;
  /** The most requests in flight. */
  readonly concurrency: number;
  /** Milliseconds that its answers are waited for, at least. */
  readonly answerTimeoutMs: number;
  readonly random: () => number;
}

export class Endpoint {
  readonly client: HttpClient;
  /** Open while it is down, or fails. */
  readonly breaker: Breaker;
  /** Open while it refuses everything, which somebody has to mend. */
  readonly hold: Breaker;
  readonly refusals = new Refusals();
  readonly limit: ConcurrencyLimit;
  readonly rate: RequestRate;
  readonly wait: AnswerWait;
  /** Requests. */
  inFlight = 0;
  /** What it refuses may be the text of an event: it is asked with one, which hardly has the same text. */
  isAskedSingly = false;
  /** A request was given up: the next one goes out in any case, since its connection may have been the only thing that was dead. */
  triesAgain = false;
  /** What to do, the last time that it was held. */
  remedy = '';
  /** Of the last request, the milliseconds until its answer began, or until it was given up; 0 before the first. */
  answerMs = 0;
  /** Since then nothing was heard of what is in flight, in milliseconds of `performance.now`. */
  silentSince = 0;

  constructor({ client, breaker, hold, concurrency, answerTimeoutMs, random }: EndpointOptions) {
    this.client = client;
    this.breaker = breaker;
    this.hold = hold;
    this.limit = new ConcurrencyLimit(concurrency);
    this.rate = new RequestRate(random);
    this.wait = new AnswerWait(answerTimeoutMs);
  }

  get usable(): boolean {
    return this.breaker.usable && this.hold.usable;
  }

  get isHeld(): boolean {
    return this.hold.state !== 'closed';
  }

  /** Whether the next request is to find out if it works again. */
  get isProbed(): boolean {
    return this.isHeld || this.breaker.state !== 'closed';
  }

  /** It has as many requests as it can take; but for one that finds out whether it answers. */
  get isFull(): boolean {
    return this.inFlight >= this.limit.current && !this.triesAgain && !this.isProbed;
  }

  /** An answer began. @param now of `performance.now` */
  heard(now: number, answerMs: number): void {
    this.silentSince = now;
    this.answerMs = answerMs;
    this.wait.answered(answerMs);
  }

  /** Milliseconds until it is worth a try. */
  nextTryMs(now: number): number {
    const waitOf = (breaker: Breaker): number => (breaker.usable ? 0 : Math.max(0, breaker.retryAt - now));
    return Math.max(waitOf(this.breaker), waitOf(this.hold));
  }
}
