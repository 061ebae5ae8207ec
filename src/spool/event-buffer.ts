/**
 * The events of one chunk in memory, used again for one chunk after the other: as garbage, what each of them needs
 * would make the heap grow.
 *
 *   body     {"transaction_id":…}\n{"transaction_id":…}\n{"transaction…      free
 *            ↑                     ↑                     ↑
 *   starts   0                     1                     2 (behind the last whole event)
 *   lines    offset in the log of the line that gave event 0, 1, …
 */
import { ByteWriter } from '../bytes.ts';

/** Holds a full chunk: memory that is never written to takes no room, and growing leaves holes. */
const FIRST_BYTES = 1280 * 1024;
const FIRST_EVENTS = 256;
const NEWLINE = 0x0a;

export class EventBuffer {
  /** Behind the whole events stands perhaps a part of the next one. */
  readonly body = new ByteWriter(FIRST_BYTES);
  #events = 0;
  #starts = new Uint32Array(FIRST_EVENTS + 1);
  #lines = new Float64Array(FIRST_EVENTS);
  #idHashes = new Int32Array(FIRST_EVENTS);

  /** Whole events. */
  get events(): number {
    return this.#events;
  }

  /** Bytes of the whole events, each with its newline. */
  get bytes(): number {
    return this.#starts[this.#events]!;
  }

  /** Memory that it keeps. */
  get capacity(): number {
    return this.body.buffer.length;
  }

  /** The place for the next event; what was written there and never counted is gone. */
  next(): ByteWriter {
    this.body.length = this.bytes;
    return this.body;
  }

  /** The event written since `next` is whole, and comes from the line at `offset` of the log. Returns its bytes. */
  add(offset: number): number {
    const { body } = this;
    const events = this.#events;
    body.byte(NEWLINE);
    if (events === this.#lines.length) this.#grow();
    this.#lines[events] = offset;
    this.#starts[events + 1] = body.length;
    this.#events = events + 1;
    return body.length - this.#starts[events]!;
  }

  /** Where each event starts, and one more; views of what is used again after `clear`, as are the others. */
  get starts(): Uint32Array {
    return this.#starts.subarray(0, this.#events + 1);
  }

  get lines(): Float64Array {
    return this.#lines.subarray(0, this.#events);
  }

  /** See `LoadedChunk`; filled by whoever looks at the ids. */
  get idHashes(): Int32Array {
    return this.#idHashes.subarray(0, this.#events);
  }

  get whole(): Buffer {
    return this.body.buffer.subarray(0, this.bytes);
  }

  /** Memory for something else. */
  room(bytes: number): Buffer {
    this.clear();
    this.body.reserve(bytes);
    return this.body.buffer;
  }

  clear(): void {
    this.body.length = 0;
    this.#events = 0;
  }

  #grow(): void {
    const { length } = this.#lines;
    const starts = new Uint32Array(length * 2 + 1);
    starts.set(this.#starts);
    this.#starts = starts;
    const lines = new Float64Array(length * 2);
    lines.set(this.#lines);
    this.#lines = lines;
    this.#idHashes = new Int32Array(length * 2);
  }
}
