/** A clock that a test moves. Nothing ever waits for real. */
import type { Clock } from '../../src/types.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class FakeClock implements Clock {
  readonly #settle: () => Promise<void>;
  /** Timers go by this; `now` may be set apart from it. */
  #elapsed = 0;
  #wall: number;
  #sleepers: Sleeper[] = [];

  /** @param settle resolves when all that follows on a wake-up has come to rest; a turn of the event loop by default */
  constructor(start = Date.parse('2026-11-20T12:00:00Z'), settle: () => Promise<void> = turn) {
    this.#wall = start;
    this.#settle = settle;
  }

  now(): number {
    return this.#wall;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { at: this.#elapsed + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Lets time pass: wakes sleepers one after the other, in the order in which they are due. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await this.#settle();
    for (let next; (next = this.#next()) !== undefined && next.at <= until;) await this.#wake(next);
    this.#pass(until);
    await this.#settle();
  }

  /** Lets as much time pass as `promise` needs, and gives its result. */
  async until<T>(promise: Promise<T>, limitMs = 24 * 3_600_000): Promise<T> {
    let settled = false;
    void Promise.allSettled([promise]).then(() => (settled = true));
    const limit = this.#elapsed + limitMs;
    for (;;) {
      await this.#settle();
      if (settled) return promise;
      const next = this.#next();
      if (next === undefined) throw new Error('it waits for something that is no sleep');
      if (next.at > limit) throw new Error(`not done within ${limitMs} ms`);
      await this.#wake(next);
    }
  }

  /** Somebody sets the clock: `now` jumps, timers do not. */
  set(ms: number): void {
    this.#wall += ms;
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (next === undefined || sleeper.at < next.at) next = sleeper;
    return next;
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    this.#pass(Math.max(sleeper.at, this.#elapsed));
    sleeper.wake();
    await this.#settle();
  }

  #pass(until: number): void {
    this.#wall += until - this.#elapsed;
    this.#elapsed = until;
  }
}
