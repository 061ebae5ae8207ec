/**
 * The memory that the kernel works on. Logs are read into it and chunks are filled in it, so that a value goes from the
 * log to its event in one copy; the tables of the mappers lie between them.
 *
 *   │ room for one line │ for one event │ for odd values │ tables, read buffers, chunks …        free │
 *
 * It never grows, as that would take it away from under everyone, and what was handed out stays handed out. What is
 * never touched takes no room, so it may be larger than what is needed; what does not fit is done without the kernel, or
 * through the rooms at its beginning.
 */
import { instantiate, SLACK, type Address, type Kernel } from './kernel.ts';

const PAGE = 64 * 1024;
const ALIGNMENT = 16;
const NEWLINE = 0x0a;

/** Longer lines and events that stand elsewhere are not brought here. */
const MOST_ROOM = 64 * 1024;
/** The tables of some rules. */
const USUAL_BYTES = 1024 * 1024;

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

export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError';
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
  #free = ALIGNMENT;

  /** @param bytes to be handed out */
  constructor(bytes = USUAL_BYTES) {
    const pages = Math.ceil((bytes + 3 * MOST_ROOM) / PAGE) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.kernel = instantiate(memory);
    this.buffer = Buffer.from(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.#lineRoom = this.allocate(MOST_ROOM);
    this.eventRoom = this.allocate(MOST_ROOM);
    this.#oddRoom = this.allocate(MOST_ROOM);
  }

  /** @throws OutOfMemoryError */
  allocate(bytes: number): Address {
    const address = this.#free;
    const end = Math.ceil((address + bytes + SLACK) / ALIGNMENT) * ALIGNMENT;
    if (end > this.bytes.length) throw new OutOfMemoryError(`no room for ${bytes} bytes`);
    this.#free = end;
    return address;
  }

  /** Bytes for somebody to use: here, or elsewhere when there is no room any more. */
  block(bytes: number): Block {
    if (this.#free + bytes + 2 * SLACK > this.bytes.length) return ordinaryBlock(bytes);
    const address = this.allocate(bytes);
    return { buffer: this.buffer.subarray(address, address + bytes), address };
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
