/**
 * Buffers of request bodies, used again and again: as garbage they would pile up to tens of megabytes before they
 * are collected, since they lie outside the JavaScript heap.
 */

/** Most batches of 100 events need half of it. */
const LEAST_BYTES = 64 * 1024;
/** What a giant event needed is not kept. */
const MOST_BYTES = 256 * 1024;

export class RequestBodies {
  readonly #most: number;
  readonly #spare: Buffer[] = [];

  /** @param most buffers that are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Buffer {
    const spare = this.#spare.at(-1);
    if (spare !== undefined && spare.length >= bytes) {
      this.#spare.pop();
      return spare;
    }
    return Buffer.allocUnsafeSlow(Math.max(bytes, LEAST_BYTES));
  }

  /** Only after the whole of it was sent: a request that broke off may still stand in a queue of the system. */
  giveBack(buffer: Buffer): void {
    if (buffer.length <= MOST_BYTES && this.#spare.length < this.#most) this.#spare.push(buffer);
  }
}
