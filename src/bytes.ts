/**
 * A growing run of bytes that is written to in place: the open chunk's body.
 * Bytes at and after `length` are free; a writer that changes its mind sets `length` back.
 */
export class ByteWriter {
  buffer: Buffer;
  /** Over the same bytes as `buffer`, to write several at once. */
  view: DataView;
  length = 0;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
    this.view = viewOf(this.buffer);
  }

  /** Makes room for `count` more bytes; `buffer` and `view` may be others afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
    this.view = viewOf(grown);
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

/** A view of the bytes of a buffer, and of nothing else of the memory that it is a part of. */
export function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
