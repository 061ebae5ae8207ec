/** Two clocks for tests: neither ever waits for real. */
import type { Clock } from '../../../src/types.ts';

interface Sleeper {
  readonly at: number;
  readonly ms: number;
  readonly wake: () => void;
}

/** Time stands still until `advance`. */
export class ManualClock implements Clock {
  #now = Date.parse('2026-08-21T10:00:00Z');
  #sleepers: Sleeper[] = [];
  #watchers: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper: Sleeper = { at: this.#now + ms, ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => this.#wake(sleeper));
      for (const watcher of this.#watchers.splice(0)) watcher();
    });
  }

  /** Milliseconds of those that sleep now, the first to sleep first. */
  get sleeping(): readonly number[] {
    return this.#sleepers.map(({ ms }) => ms);
  }

  /** Resolves when at least so many sleep. */
  async asleep(count: number): Promise<readonly number[]> {
    while (this.#sleepers.length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.sleeping;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers.filter(({ at }) => at <= this.#now)) this.#wake(sleeper);
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    sleeper.wake();
  }
}

/** Whoever sleeps wakes in the next turn of the event loop, and that much later. */
export class SkippingClock implements Clock {
  readonly slept: number[] = [];
  #now = Date.parse('2026-08-21T10:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.#now += ms;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
