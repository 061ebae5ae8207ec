/** A scanned line: what the scanner found in it, as bytes or, where bytes are not enough, as values. */
import { parseJson } from '../../parse/json.ts';
import { WrittenNumber } from '../../parse/fields.ts';
import type { LinePlace } from '../../types.ts';
import { LOG_ID_DIGITS, logHash } from '../log-id.ts';
import type { Value } from '../values.ts';
import { CONTAINER, COPYABLE, FALSE, NUMBER, ODD, SLACK, STRING, Scanner, TRUE } from './scan.ts';

const ZERO = 0x30;
/** Longer lines are copied to a buffer of their own where they have to be copied. */
const KEPT_BYTES = 64 * 1024;

export class FastLine extends Scanner {
  /** Over the same memory as `bytes`. */
  #buffer: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  #line: Buffer = this.#buffer;
  #start = 0;
  #end = 0;
  #place: LinePlace | undefined;
  #hash = '';

  /**
   * Makes the line `bytes[start, end)` the one that is scanned, up to `to`: the rest of it is no JSON. Returns where it
   * starts in `this.bytes`.
   */
  moveTo(bytes: Buffer, start: number, end: number, to: number, place: LinePlace): number {
    this.#line = bytes;
    this.#start = start;
    this.#end = end;
    this.#place = place;
    this.#hash = '';
    if (bytes.byteOffset + to + SLACK > bytes.buffer.byteLength) return this.#moveToCopy(bytes, start, to);
    if (bytes.buffer !== this.bytes.buffer) this.#attach(bytes);
    this.begin(this.bytes, this.view, bytes.byteOffset + to);
    return bytes.byteOffset + start;
  }

  /** Begins with `${log_id}`; computed when it is first asked for. */
  get hash(): string {
    if (this.#hash === '' && this.#place !== undefined) {
      this.#hash = logHash(this.#line, this.#start, this.#end, this.#place);
    }
    return this.#hash;
  }

  /** `${log_id}` */
  get id(): string {
    return this.hash.slice(0, LOG_ID_DIGITS);
  }

  /** What a slot holds that is not ABSENT or NULL, just as the plain parser would give it. */
  decode(slot: number): Value {
    const start = this.starts[slot]!;
    const end = this.ends[slot]!;
    switch (this.kinds[slot]) {
      case STRING:
        return this.#buffer.toString('latin1', start, end);
      case COPYABLE:
      case ODD:
        return JSON.parse(this.#buffer.toString('utf8', start - 1, end + 1)) as string;
      case NUMBER:
        return this.#number(start, end);
      case TRUE:
        return true;
      case FALSE:
        return false;
      case CONTAINER:
        return parseJson(this.#buffer.toString('utf8', start, end));
      default:
        return undefined;
    }
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
    const source = this.#buffer.toString('latin1', start, end);
    const value = Number(source);
    return String(value) === source ? value : new WrittenNumber(source, value);
  }

  /** For a line so near to the end of its memory that the scanner would look behind it. */
  #moveToCopy(bytes: Buffer, start: number, to: number): number {
    const size = to - start + SLACK;
    const tail = size <= this.#tail.length ? this.#tail : Buffer.alloc(size);
    if (size <= KEPT_BYTES) this.#tail = tail;
    bytes.copy(tail, 0, start, to);
    this.#attach(tail);
    this.begin(this.bytes, this.view, tail.byteOffset + to - start);
    return tail.byteOffset;
  }

  #attach({ buffer }: Buffer): void {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#buffer = Buffer.from(buffer);
  }
}
