/**
 * A growing run of bytes that is written to in place: the open chunk's body.
 * Bytes at and after `length` are free; a writer that changes its mind sets `length` back.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;
  readonly #first: Buffer;

  /** @param memory that it writes to first, or how much of it */
  constructor(memory: Buffer | number) {
    this.#first = typeof memory === 'number' ? Buffer.allocUnsafeSlow(memory) : memory;
    this.buffer = this.#first;
  }

  /** Makes room for `count` more bytes; `buffer` may be another one afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  /** Forgets all, and the larger memory that it took. */
  clear(): void {
    this.length = 0;
    this.buffer = this.#first;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** Appends text as UTF-8. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length);
  }

  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    source.copy(this.buffer, this.length, start, end);
    this.length += end - start;
  }

  /** What has been written: a view, not a copy. */
  written(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

const NEWLINE = 0x0a;

/** Where the line that starts at `start` ends: at its newline, or at the end of `bytes`. */
export function lineEnd(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(NEWLINE, start);
  return newline < 0 ? bytes.length : newline;
}

/** A view of the bytes of a buffer, and of nothing else of the memory that it is a part of. */
export function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
