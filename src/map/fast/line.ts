/** A line that the kernel has read: what it found of what is wanted, as bytes or, where bytes are not enough, as values. */
import { CONTAINER, COPYABLE, FALSE, NUMBER, ODD, STRING, TRUE } from '../../kernel/kinds.ts';
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import { WrittenNumber } from '../../parse/fields.ts';
import { parseJson } from '../../parse/json.ts';
import type { LinePlace } from '../../types.ts';
import type { IdSalt } from '../id-salt.ts';
import { LOG_ID_DIGITS, logHash } from '../log-id.ts';
import type { Value } from '../values.ts';

const ZERO = 0x30;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/** Where `high` stands in the table of slots, in words. */
const HIGH = 4;
const TABLE_WORDS = 5;

export class FastLine {
  readonly memory: KernelMemory;
  /** The kernel's memory. */
  readonly bytes: Uint8Array;
  /** By slot: what there is, and at which addresses. */
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The table of slots that the kernel fills. */
  readonly table: Address;
  readonly #high: number;
  /** The buffer that lines come from at present, and its address in the memory. */
  #block: Buffer = NOTHING;
  #address: Address = 0;
  #start = 0;
  #end = 0;
  #place: LinePlace | undefined;
  #hash = '';
  readonly #salt: IdSalt | undefined;

  /** @throws OutOfMemoryError */
  constructor(memory: KernelMemory, slots: number, salt?: IdSalt) {
    this.#salt = salt;
    this.memory = memory;
    this.bytes = memory.bytes;
    const { buffer } = memory.bytes;
    const kinds = memory.allocate(slots);
    const starts = memory.allocate(slots * 4);
    const ends = memory.allocate(slots * 4);
    this.kinds = new Uint8Array(buffer, kinds, slots);
    this.starts = new Int32Array(buffer, starts, slots);
    this.ends = new Int32Array(buffer, ends, slots);
    this.table = memory.allocate(TABLE_WORDS * 4);
    memory.words.set([kinds, starts, ends, slots], this.table / 4);
    this.#high = this.table / 4 + HIGH;
  }

  /** Where the line that starts at `start` ends; undefined when `bytes` are elsewhere, or the line has no newline. */
  endOf(bytes: Buffer, start: number): number | undefined {
    const address = this.addressOf(bytes, start);
    return address === 0 ? undefined : this.memory.kernel.newline(address) - this.#address;
  }

  /** Where `bytes[start]` lies in the kernel's memory; 0 when it lies elsewhere, or the last line has no newline. */
  addressOf(bytes: Buffer, start: number): Address {
    this.#use(bytes);
    return this.#address === 0 || bytes[bytes.length - 1] !== NEWLINE ? 0 : this.#address + start;
  }

  /** Makes the line `bytes[start, end)` the one that is read. Gives its address, or 0 when it is too long to be brought. */
  moveTo(bytes: Buffer, start: number, end: number, place: LinePlace): Address {
    this.#use(bytes);
    this.#start = start;
    this.#end = end;
    this.#place = place;
    this.#hash = '';
    if (this.#address !== 0 && this.bytes[this.#address + end] === NEWLINE) return this.#address + start;
    return this.memory.bringLine(bytes, start, end);
  }

  /** The line has bytes that are not ASCII: whether they are UTF-8 is not known yet. */
  get isHigh(): boolean {
    return this.memory.words[this.#high] !== 0;
  }

  /** Begins with `${log_id}`; computed when it is first asked for. */
  get hash(): string {
    if (this.#hash === '' && this.#place !== undefined) {
      this.#hash = logHash(this.#block, this.#start, this.#end, this.#place, this.#salt);
    }
    return this.#hash;
  }

  /** `${log_id}` */
  get id(): string {
    return this.hash.slice(0, LOG_ID_DIGITS);
  }

  /** What a slot holds that is not ABSENT or NULL, just as the plain parser would give it. */
  decode(slot: number): Value {
    const { buffer } = this.memory;
    const start = this.starts[slot]!;
    const end = this.ends[slot]!;
    switch (this.kinds[slot]) {
      case STRING:
        return buffer.toString('latin1', start, end);
      case COPYABLE:
      case ODD:
        return JSON.parse(buffer.toString('utf8', start - 1, end + 1)) as string;
      case NUMBER:
        return this.#number(start, end);
      case TRUE:
        return true;
      case FALSE:
        return false;
      case CONTAINER:
        return parseJson(buffer.toString('utf8', start, end));
      default:
        return undefined;
    }
  }

  #use(bytes: Buffer): void {
    if (bytes === this.#block) return;
    this.#block = bytes;
    this.#address = this.memory.addressOf(bytes);
  }

  #number(start: number, end: number): number | WrittenNumber {
    let small = 0;
    let at = start;
    for (; at < end && at < start + 9; at++) {
      const digit = (this.bytes[at]! - ZERO) >>> 0;
      if (digit > 9) break;
      small = small * 10 + digit;
    }
    if (at === end) return small;
    const source = this.memory.buffer.toString('latin1', start, end);
    const value = Number(source);
    return String(value) === source ? value : new WrittenNumber(source, value);
  }
}
