/**
 * Which endpoint gets the next request, and how long its answer is waited for: of those that work, one that has the fewest
 * in flight for what it can take. One that does not answer while another one does is left alone, keeps nobody waiting,
 * and soon loses what it was sent to the others.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Endpoint } from './endpoint.ts';

/** An endpoint is late that was silent for so long, and for so many times as long as it usually takes, … */
const LATE_MS = 1000;
const LATE_TIMES = 3;

export class EndpointChoice {
  readonly #endpoints: readonly Endpoint[];
  readonly #config: LagoDestinationConfig;
  readonly #random: () => number;

  constructor(endpoints: readonly Endpoint[], config: LagoDestinationConfig, random: () => number) {
    this.#endpoints = endpoints;
    this.#config = config;
    this.#random = random;
  }

  /** Undefined when none may have a request now. @param now Unix milliseconds */
  pick(now: number): Endpoint | undefined {
    const { concurrency, balance } = this.#config;
    const isReady = (one: Endpoint): boolean => one.usable && !one.isFull && one.rate.waitMs(now) === 0;
    if (this.#endpoints.length === 1) {
      const [only] = this.#endpoints;
      return isReady(only!) ? only : undefined;
    }
    // Probes, and requests to those that are late, are not among those that the others have to share.
    const counted = this.#endpoints.filter((one) => !one.isProbed && !this.#isLate(one));
    const isFull = counted.reduce((sum, { inFlight }) => sum + inFlight, 0) >= concurrency;
    let candidates = this.#endpoints.filter((one) => isReady(one) && (one.isProbed || !isFull));
    if (counted.length > 0) candidates = candidates.filter((one) => one.isProbed || counted.includes(one));
    if (balance !== 'random') {
      const least = Math.min(...candidates.map(load));
      candidates = candidates.filter((one) => load(one) === least);
    }
    return candidates[Math.floor(this.#random() * candidates.length)];
  }

  /** Milliseconds until the rate of one of those that work lets it have a request; Infinity when none waits for that. */
  rateWaitMs(now: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const one of this.#endpoints) {
      const waitMs = one.usable && !one.isFull ? one.rate.waitMs(now) : 0;
      if (waitMs > 0 && waitMs < least) least = waitMs;
    }
    return least;
  }

  /** Milliseconds from the end of a request until its answer must have begun. */
  waitMs(endpoint: Endpoint): number {
    const { currentMs } = endpoint.wait;
    return this.#hasBetter(endpoint) ? Math.min(this.#config.timeout, currentMs) : currentMs;
  }

  /** Another one works, and answers within `timeout` as far as is known. */
  #hasBetter(than: Endpoint): boolean {
    const { timeout } = this.#config;
    if (this.#endpoints.length === 1) return false;
    // Whether one that was not tried yet is better, one request finds out.
    const mayTry = than.answerMs < timeout;
    return this.#endpoints.some(
      (one) => one !== than && !one.isProbed && one.answerMs < timeout && (one.answerMs > 0 || mayTry),
    );
  }

  /** … while another one has answered. */
  #isLate(endpoint: Endpoint): boolean {
    if (endpoint.inFlight === 0) return false;
    const until = endpoint.silentSince + Math.max(LATE_MS, endpoint.answerMs * LATE_TIMES);
    return this.#endpoints.some((one) => one !== endpoint && one.silentSince > until);
  }
}

const load = ({ inFlight, limit }: Endpoint): number => inFlight / limit.current;
