/**
 * The memory that the kernel works on. Logs are read into it and chunks are filled in it, so that a value goes from the
 * log to its event in one copy; the tables of the mappers stand beside them.
 *
 *   │ room for one line │ for one event │ for odd values │ tables …   free │ read buffer, chunks, ids …   free │
 *
 * It never grows, as that would take it away from under everyone, and what was handed out stays handed out. What is
 * never touched takes no room, so it may be larger than what is needed; what does not fit is done without the kernel, or
 * through the rooms at its beginning.
 */
import { instantiate, SLACK, type Address, type Kernel } from './kernel.ts';

const PAGE = 64 * 1024;
/** A line of the processor's cache. */
const ALIGNMENT = 64;
const NEWLINE = 0x0a;

/** Longer lines and events that stand elsewhere are not brought here. */
const MOST_ROOM = 64 * 1024;
/** The tables of some rules. */
const USUAL_TABLES = 1024 * 1024;
/** However many sources and rules there are: addresses have to stay below 2 GiB. */
const MOST_TABLES = 256 * 1024 * 1024;

/** Bytes for somebody to use, and where they lie. */
export interface Block {
  readonly buffer: Buffer;
  /** In the memory of a kernel; 0 when they lie elsewhere. */
  readonly address: Address;
}

/** A block that no kernel knows. */
export const ordinaryBlock = (bytes: number): Block => ({
  buffer: Buffer.allocUnsafeSlow(bytes),
  address: 0,
});

/** What a piece of memory takes, with what may be looked at behind it. */
export const taken = (bytes: number): number => Math.ceil((bytes + SLACK) / ALIGNMENT) * ALIGNMENT;

export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError';
}

/** A part of the memory, handed out from its beginning. */
class Region {
  readonly end: Address;
  #free: Address;

  constructor(start: Address, bytes: number) {
    this.#free = start;
    this.end = start + bytes;
  }

  /** @throws OutOfMemoryError */
  take(bytes: number): Address {
    if (!this.has(bytes)) throw new OutOfMemoryError(`the kernel has no room for ${bytes} bytes`);
    const address = this.#free;
    this.#free += taken(bytes);
    return address;
  }

  has(bytes: number): boolean {
    return this.#free + taken(bytes) <= this.end;
  }
}

export class KernelMemory {
  readonly kernel: Kernel;
  /** All of it; an address is an index. */
  readonly buffer: Buffer;
  readonly bytes: Uint8Array;
  /** An address is four times an index. */
  readonly words: Int32Array;
  /** Holds one event of up to MOST_ROOM bytes that is on its way elsewhere. */
  readonly eventRoom: Address;
  readonly #lineRoom: Address;
  readonly #oddRoom: Address;
  #oddBytes = 0;
  readonly #tables: Region;
  readonly #blocks: Region;

  /** @param tables bytes for tables @param blocks bytes for everything else, each with what it has `taken` */
  constructor({ tables = USUAL_TABLES, blocks = 0 } = {}) {
    // 0 is no address.
    const rooms = new Region(ALIGNMENT, 3 * taken(MOST_ROOM));
    this.#tables = new Region(rooms.end, Math.min(tables, MOST_TABLES));
    this.#blocks = new Region(Math.ceil(this.#tables.end / ALIGNMENT) * ALIGNMENT, blocks);
    const pages = Math.ceil((this.#blocks.end + SLACK) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.kernel = instantiate(memory);
    this.buffer = Buffer.from(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.#lineRoom = rooms.take(MOST_ROOM);
    this.eventRoom = rooms.take(MOST_ROOM);
    this.#oddRoom = rooms.take(MOST_ROOM);
  }

  /** Bytes for somebody to use: here, or elsewhere when there is no room any more. */
  block(bytes: number): Block {
    if (!this.#blocks.has(bytes)) return { buffer: Buffer.allocUnsafeSlow(bytes), address: 0 };
    const address = this.#blocks.take(bytes);
    return { buffer: this.buffer.subarray(address, address + bytes), address };
  }

  /** Room for a table. @throws OutOfMemoryError */
  allocate(bytes: number): Address {
    return this.#tables.take(bytes);
  }

  /** @throws OutOfMemoryError */
  putWords(words: readonly number[]): Address {
    const address = this.allocate(words.length * 4);
    this.words.set(words, address / 4);
    return address;
  }

  /** @throws OutOfMemoryError */
  putText(text: string | Uint8Array): Address {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    const address = this.allocate(bytes.length);
    this.bytes.set(bytes, address);
    return address;
  }

  /** Where a buffer lies; 0 when it lies elsewhere. */
  addressOf({ buffer, byteOffset }: Uint8Array): Address {
    return buffer === this.bytes.buffer ? byteOffset : 0;
  }

  /** Brings the line `bytes[start, end)` here, until the next one, with a newline at its end; 0 when it is too long. */
  bringLine(bytes: Buffer, start: number, end: number): Address {
    if (end - start >= MOST_ROOM) return 0;
    bytes.copy(this.buffer, this.#lineRoom, start, end);
    this.bytes[this.#lineRoom + end - start] = NEWLINE;
    return this.#lineRoom;
  }

  /** Whether an event of so many bytes fits its room. */
  hasEventRoom(bytes: number): boolean {
    return bytes <= MOST_ROOM;
  }

  /** Forgets the odd values of the event before. */
  forgetOddValues(): void {
    this.#oddBytes = 0;
  }

  /** Holds a text until the event that it belongs to is written; undefined when there is no room. */
  holdOddValue(text: string): { address: Address; length: number } | undefined {
    const length = Buffer.byteLength(text);
    if (this.#oddBytes + length > MOST_ROOM) return undefined;
    const address = this.#oddRoom + this.#oddBytes;
    this.buffer.write(text, address);
    this.#oddBytes += length;
    return { address, length };
  }
}
