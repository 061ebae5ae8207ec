/** Buffers of events that were used before and will be again: a chunk's worth each, so worth keeping, but few. */
import { EventBuffer } from './event-buffer.ts';

/** One that grew beyond this, for the sake of a giant event, is not kept. */
const MOST_CAPACITY = 2 * 1024 * 1024;
/**
 * One fills while others are written and shipped. Not fewer: once a large piece of memory is freed, glibc keeps more of
 * what is freed afterwards (measured: 10 MB).
 */
const MOST_SPARE = 8;

export class SpareBuffers {
  readonly #spare: EventBuffer[] = [];

  /** An empty one. */
  take(): EventBuffer {
    return this.#spare.pop() ?? new EventBuffer();
  }

  /** Nobody looks at its events any more. */
  giveBack(buffer: EventBuffer): void {
    if (this.#spare.length >= MOST_SPARE || buffer.capacity > MOST_CAPACITY) return;
    buffer.clear();
    this.#spare.push(buffer);
  }
}
