/** One address of Lago: its connections, and what says whether it is worth a try. */
import type { Breaker } from './breaker.ts';
import type { HttpClient } from './http-client.ts';
import { Refusals } from './refusals.ts';

export class Endpoint {
  readonly client: HttpClient;
  /** Open while it is down, or fails. */
  readonly breaker: Breaker;
  /** Open while it refuses everything, which somebody has to mend. */
  readonly hold: Breaker;
  readonly refusals = new Refusals();
  /** Requests. */
  inFlight = 0;
  /** What to do, the last time that it was held. */
  remedy = '';

  constructor(client: HttpClient, breaker: Breaker, hold: Breaker) {
    this.client = client;
    this.breaker = breaker;
    this.hold = hold;
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

  /** Milliseconds until it is worth a try. */
  nextTryMs(now: number): number {
    const waitOf = (breaker: Breaker): number => (breaker.usable ? 0 : Math.max(0, breaker.retryAt - now));
    return Math.max(waitOf(this.breaker), waitOf(this.hold));
  }
}
