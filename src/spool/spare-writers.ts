/** Buffers of events that were used before and will be again: a chunk's worth each, so worth keeping, but few. */
import { ByteWriter } from '../bytes.ts';

const FIRST_CAPACITY = 64 * 1024;
/** One that grew beyond this, for the sake of a giant event, is not kept. */
const MOST_CAPACITY = 2 * 1024 * 1024;
/** One fills while one is written and a few are shipped. */
const MOST_SPARE = 4;

export class SpareWriters {
  readonly #spare: ByteWriter[] = [];

  /** An empty one. */
  take(): ByteWriter {
    return this.#spare.pop() ?? new ByteWriter(FIRST_CAPACITY);
  }

  /** Nobody looks at its bytes any more. */
  giveBack(writer: ByteWriter): void {
    if (this.#spare.length >= MOST_SPARE || writer.buffer.length > MOST_CAPACITY) return;
    writer.length = 0;
    this.#spare.push(writer);
  }
}
