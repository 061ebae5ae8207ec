/**
 * A circuit breaker: keeps requests away from what is known not to work, and finds out when it works again.
 * Two guard each endpoint: one against failures, the other one (`hold`) against refusals of everything.
 */
import type { Clock } from '../types.ts';

export interface BreakerOptions {
  readonly clock: Clock;
  /** Failures in a row after which a closed breaker opens, where one alone does not. */
  readonly tolerates: number;
  /** Milliseconds to stay open, by the number of times it opened before without closing in between, and by what opens it. */
  readonly delayMs: (opened: number, failure: Failure) => number;
  /** Called when its delay is over, so that somebody sends the probe. */
  readonly halfOpened: () => void;
}

/** `down`, `hopeless` and `doubtful` open at once; `ailing` may be the request's own fault and opens only when it goes on. */
export type Failure = 'down' | 'ailing' | 'hopeless' | 'doubtful';

/**
 * ```
 *             failed('down'), or failed('ailing') too often in a row
 *   ┌────────┐ ─────────────────────────────────────────────▶ ┌──────┐
 *   │ closed │                    ┌────────────────────────── │ open │ ◀┐
 *   └────────┘                    ▼ the delay is over         └──────┘  │ failed
 *       ▲                   ┌───────────┐   admit    ┌─────────┐        │
 *       │                   │ half_open │ ─────────▶ │ probing │ ───────┤
 *       │                   └───────────┘ ◀───────── └─────────┘        │
 *       │                                 undecided                     │ succeeded
 *       └───────────────────────────────────────────────────────────────┘
 * ```
 * Invariants: `admit` is called only while `usable`; exactly one request is out while `probing`. Each state has its
 * own ticket, handed out by `admit`; a result with the ticket of an earlier state is old news and changes nothing.
 * Delays are slept, never compared with the wall clock, so a clock that jumps does not prolong them.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #stopped = new AbortController();
  #state: 'closed' | 'open' | 'half_open' | 'probing' = 'closed';
  #ticket = 0;
  #failures = 0;
  #opened = 0;
  #retryAt = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** As status tells it: a probe in flight is still `half_open`. */
  get state(): 'closed' | 'open' | 'half_open' {
    return this.#state === 'probing' ? 'half_open' : this.#state;
  }

  /** Whether a request may go out now. */
  get usable(): boolean {
    return this.#state === 'closed' || this.#state === 'half_open';
  }

  /** Unix milliseconds at which it will, or did, half-open; only meaningful unless closed. */
  get retryAt(): number {
    return this.#retryAt;
  }

  /** It is the same state that the ticket is of. */
  isStill(ticket: number): boolean {
    return ticket === this.#ticket;
  }

  /** Lets a request through; its result comes back with the ticket. */
  admit(): number {
    if (!this.usable) throw new Error(`a request was admitted by a breaker that is ${this.#state}`);
    if (this.#state === 'half_open') this.#become('probing');
    return this.#ticket;
  }

  /** @returns whether this closed it */
  succeeded(ticket: number): boolean {
    if (ticket !== this.#ticket) return false;
    this.#failures = 0;
    if (this.#state !== 'probing') return false;
    this.#opened = 0;
    this.#become('closed');
    return true;
  }

  /**
   * @param minimumMs what the server asked to wait
   * @returns whether this opened it, for the first time or again
   */
  failed(ticket: number, failure: Failure, minimumMs: number): boolean {
    if (ticket !== this.#ticket) return false;
    this.#failures++;
    if (this.#state === 'closed' && failure === 'ailing' && this.#failures < this.#options.tolerates)
      return false;
    this.#open(failure, minimumMs);
    return true;
  }

  /** The request's result says nothing about what this breaker guards. */
  undecided(ticket: number): void {
    if (ticket === this.#ticket && this.#state === 'probing') this.#become('half_open');
  }

  /** What it was opened for may be mended: half-opens it before its delay is over. */
  retryNow(): void {
    if (this.#state !== 'open' || this.#stopped.signal.aborted) return;
    this.#become('half_open');
    this.#options.halfOpened();
  }

  /** Ends the wait of an open breaker for good. */
  stop(): void {
    this.#stopped.abort();
  }

  #open(failure: Failure, minimumMs: number): void {
    const { clock, delayMs } = this.#options;
    const waitMs = Math.max(minimumMs, delayMs(this.#opened, failure));
    this.#failures = 0;
    this.#opened++;
    this.#retryAt = clock.now() + waitMs;
    this.#become('open');
    void this.#halfOpenAfter(waitMs);
  }

  async #halfOpenAfter(waitMs: number): Promise<void> {
    const { signal } = this.#stopped;
    const ticket = this.#ticket;
    await this.#options.clock.sleep(waitMs, signal);
    if (signal.aborted || ticket !== this.#ticket) return;
    this.#become('half_open');
    this.#options.halfOpened();
  }

  #become(state: 'closed' | 'open' | 'half_open' | 'probing'): void {
    this.#state = state;
    this.#ticket++;
  }
}
