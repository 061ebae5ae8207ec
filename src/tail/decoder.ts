/**
 * Drives one decompressing stream of Node's: bytes in, bytes out, failures as values. Guarantees: all that came out
 * before a failure is handed out, and only a few pieces are held in memory, whatever the input unpacks to.
 */
import type { Transform } from 'node:stream';

export const OUTPUT_BYTES = 512 * 1024;
/** Hostile input unpacks to a thousand times its size: it waits when there are so many pieces of output at once. */
const MOST_WAITING = 4;

/**
 * Gives the memory of a piece back, which nobody may read any more, nor the pieces before it. The garbage collector
 * would do it, but half a megabyte after half a megabyte keeps it busy, and what waits for it adds up.
 */
export function release({ buffer, byteOffset, length }: Buffer): void {
  // zlib fills one buffer after the other, and keeps nothing of one that is full.
  const full = buffer.byteLength === OUTPUT_BYTES && byteOffset + length === OUTPUT_BYTES;
  if (full && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

export class Decoder {
  readonly #stream: Transform & { readonly bytesWritten: number };
  // Taken as it flows: what a stream still buffers when it fails is lost.
  readonly #output: Buffer[] = [];
  #wake: (() => void) | undefined;
  /** Nothing more comes out. */
  #over = false;
  failure: Error | undefined;

  /** @param stream With pieces of OUTPUT_BYTES. */
  constructor(stream: Transform & { readonly bytesWritten: number }) {
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      if (this.#output.push(bytes) < MOST_WAITING) return;
      stream.pause();
      this.#wake?.();
    });
    stream.on('error', (error: Error) => (this.failure ??= error));
    const over = (): void => {
      this.#over = true;
      this.#wake?.();
    };
    // Its input is not taken any more, and nobody called back, when it has met its end; nor when it failed.
    stream.on('end', over);
    stream.on('close', over);
  }

  /** It met its end, perhaps before the last byte of its input. */
  get ended(): boolean {
    return this.#over && this.failure === undefined;
  }

  /** Bytes of its input that it took. */
  get consumed(): number {
    return this.#stream.bytesWritten;
  }

  /** Gives what comes out until the stream took the bytes. */
  feed(bytes: Buffer): AsyncGenerator<Buffer, void> {
    return this.#outputOf((taken) => this.#stream.write(bytes, taken));
  }

  /** Gives what comes out once it is told that there is no more input. */
  finish(): AsyncGenerator<Buffer, void> {
    return this.#outputOf(() => this.#stream.end());
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async *#outputOf(send: (taken: () => void) => void): AsyncGenerator<Buffer, void> {
    const input = { taken: false };
    if (!this.#over) {
      send(() => {
        input.taken = true;
        this.#wake?.();
      });
    }
    while (!input.taken && !this.#over) {
      if (this.#output.length < MOST_WAITING) await new Promise<void>((resolve) => (this.#wake = resolve));
      yield* this.#output.splice(0);
      this.#stream.resume();
    }
    yield* this.#output.splice(0);
  }
}
