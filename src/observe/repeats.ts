import type { TelemetryEvent } from './events.ts';

interface Window {
  timer: NodeJS.Timeout;
  last: TelemetryEvent | undefined;
  suppressed: number;
}

/**
 * Gathers repeats: the first event of a key passes at once, and at the end of each window the latest of those that came
 * meanwhile, with the number of the others. So the lines written, each counted as 1 + `more`, are the events that came.
 * A window without repeats is forgotten: memory is bounded by the keys that were active in the last one.
 */
export class Repeats {
  readonly #windows = new Map<string, Window>();
  readonly #write: (event: TelemetryEvent, more: number) => void;
  readonly #windowMs: number;

  constructor(windowMs: number, write: (event: TelemetryEvent, more: number) => void) {
    this.#windowMs = windowMs;
    this.#write = write;
  }

  add(key: string, event: TelemetryEvent): void {
    const window = this.#windows.get(key);
    if (window === undefined) {
      const timer = setInterval(() => this.#endWindow(key), this.#windowMs);
      // What is still gathered when the process ends is written by `flush`.
      timer.unref();
      this.#windows.set(key, { timer, last: undefined, suppressed: 0 });
      this.#write(event, 0);
    } else {
      window.last = event;
      window.suppressed++;
    }
  }

  /** Writes what has been gathered so far and forgets all windows. */
  flush(): void {
    for (const [key, window] of this.#windows) {
      this.#release(window);
      clearInterval(window.timer);
      this.#windows.delete(key);
    }
  }

  #endWindow(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined || this.#release(window)) return;
    clearInterval(window.timer);
    this.#windows.delete(key);
  }

  /** False when there is nothing to write. */
  #release(window: Window): boolean {
    const { last, suppressed } = window;
    if (last === undefined) return false;
    window.last = undefined;
    window.suppressed = 0;
    this.#write(last, suppressed - 1);
    return true;
  }
}
