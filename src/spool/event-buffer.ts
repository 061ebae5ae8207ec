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
import type { Address } from '../kernel/kernel.ts';
import type { KernelMemory } from '../kernel/memory.ts';
import type { EventRoom } from '../types.ts';

/** Holds a full chunk: memory that is never written to takes no room, and growing leaves holes. */
const BODY_BYTES = 1280 * 1024;
/** A full chunk has fewer, unless its last line gave very many. */
export const MOST_EVENTS = 4096;
/** `lines`, `starts` and `idHashes`, in this order. */
const LISTS_BYTES = MOST_EVENTS * (8 + 4 + 4) + 4;
const NEWLINE = 0x0a;

/** Of one buffer. */
export const BUFFER_BYTES = BODY_BYTES + LISTS_BYTES;

/** What is known of each event. */
interface Lists {
  readonly starts: Uint32Array;
  readonly lines: Float64Array;
  readonly idHashes: Int32Array;
}

export class EventBuffer {
  /** Behind the whole events stands perhaps a part of the next one. */
  readonly body: ByteWriter;
  readonly #own: Lists;
  #lists: Lists;
  #events = 0;

  /** @param memory BUFFER_BYTES */
  constructor(memory: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)) {
    this.body = new ByteWriter(memory.subarray(0, BODY_BYTES));
    this.#own = listsIn(memory.buffer, memory.byteOffset + BODY_BYTES, MOST_EVENTS);
    this.#own.starts[0] = 0;
    this.#lists = this.#own;
  }

  /** Where its parts lie in the kernel's memory; undefined when not all of them do. */
  addressesIn(memory: KernelMemory): Readonly<Record<'body' | keyof Lists, Address>> | undefined {
    const body = memory.addressOf(this.body.buffer);
    if (body === 0 || this.#lists !== this.#own) return undefined;
    const { lines, starts, idHashes } = this.#own;
    return { body, lines: lines.byteOffset, starts: starts.byteOffset, idHashes: idHashes.byteOffset };
  }

  /** Whole events. */
  get events(): number {
    return this.#events;
  }

  /** Bytes of the whole events, each with its newline. */
  get bytes(): number {
    return this.#lists.starts[this.#events]!;
  }

  /** Memory that it keeps. */
  get capacity(): number {
    return this.body.buffer.length;
  }

  /** Whether one more event of so many bytes fits without growing. */
  hasRoom(bytes: number): boolean {
    return this.#events < this.#lists.lines.length && this.bytes + bytes < this.body.buffer.length;
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
    if (events === this.#lists.lines.length) this.#grow();
    const { lines, starts } = this.#lists;
    lines[events] = offset;
    starts[events + 1] = body.length;
    this.#events = events + 1;
    return body.length - starts[events]!;
  }

  /** Room for more events in its own memory, to be taken then; undefined when it had to grow. */
  get room(): EventRoom | undefined {
    const { buffer, byteOffset: body } = this.body.buffer;
    const { lines, starts } = this.#own;
    if (this.#lists !== this.#own || lines.buffer !== buffer) return undefined;
    const places = { body, lines: lines.byteOffset, starts: starts.byteOffset };
    return { ...places, memory: buffer, bodyBytes: BODY_BYTES, events: this.#events };
  }

  /** So many events were put into the room. Returns their bytes. */
  take(events: number): number {
    const { bytes } = this;
    this.#events += events;
    this.body.length = this.bytes;
    return this.body.length - bytes;
  }

  /** Where each event starts, and one more; views of what is used again after `clear`, as are the others. */
  get starts(): Uint32Array {
    return this.#lists.starts.subarray(0, this.#events + 1);
  }

  get lines(): Float64Array {
    return this.#lists.lines.subarray(0, this.#events);
  }

  /** See `LoadedChunk`; filled by whoever looks at the ids. */
  get idHashes(): Int32Array {
    return this.#lists.idHashes.subarray(0, this.#events);
  }

  get whole(): Buffer {
    return this.body.buffer.subarray(0, this.bytes);
  }

  /** Memory for something else. */
  memory(bytes: number): Buffer {
    this.clear();
    this.body.reserve(bytes);
    return this.body.buffer;
  }

  /** Forgets all, and the larger memory that it took. */
  clear(): void {
    this.body.clear();
    this.#lists = this.#own;
    this.#events = 0;
  }

  #grow(): void {
    const { starts, lines } = this.#lists;
    const events = lines.length * 2;
    const grown = listsIn(new ArrayBuffer(events * (8 + 4 + 4) + 4), 0, events);
    grown.starts.set(starts);
    grown.lines.set(lines);
    this.#lists = grown;
  }
}

function listsIn(memory: ArrayBufferLike, at: number, events: number): Lists {
  const starts = at + events * 8;
  return {
    lines: new Float64Array(memory, at, events),
    starts: new Uint32Array(memory, starts, events + 1),
    idHashes: new Int32Array(memory, starts + (events + 1) * 4, events),
  };
}
