/**
 * What was read last of a log, kept beside the offset up to which it was read. A head that two logs share does not tell
 * them apart; what stands before the offset does. Only hashes of it are kept: a state directory holds no more of a log
 * than it must.
 */
import { hash } from 'node:crypto';

/** So many bytes before the offset count: several lines, for one may end like another. */
export const MARK_BYTES = 4096;
const HEX_DIGITS = 32;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
const NULS = Buffer.alloc(MARK_BYTES);

/** The last bytes before an offset. It belongs to exactly the offset that it stands beside. */
export interface Mark {
  /** How many there are, at most `MARK_BYTES`. */
  readonly bytes: number;
  /** 32 hex digits of SHA-256. */
  readonly hash: string;
  /** The same for the last line alone, with its newline; as long as `bytes` when it may have begun before them. */
  readonly lineBytes: number;
  readonly lineHash: string;
}

const digest = (bytes: Buffer): string => hash('sha256', bytes, 'hex').slice(0, HEX_DIGITS);

/** The mark of an offset before which these bytes stand; undefined when there are none. */
export function markOf(before: Buffer): Mark | undefined {
  const bytes = before.subarray(-MARK_BYTES);
  if (bytes.length === 0) return undefined;
  const line = bytes.subarray(bytes.length < 2 ? 0 : bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1);
  const whole = digest(bytes);
  return {
    bytes: bytes.length,
    hash: whole,
    lineBytes: line.length,
    lineHash: line.length === bytes.length ? whole : digest(line),
  };
}

/** Whether the bytes before an offset are those that the mark was made of. */
export function isMarked(before: Buffer, mark: Mark): boolean {
  return before.length >= mark.bytes && digest(before.subarray(before.length - mark.bytes)) === mark.hash;
}

/** Keeps the last bytes of what is read, as many as a mark needs. */
export class Trail {
  readonly #kept = Buffer.allocUnsafe(MARK_BYTES);
  #length = 0;
  #end: number;

  /** @param before what stands before `end`, as far as it is known */
  constructor(end: number, before: Buffer = NOTHING) {
    this.#end = end - before.length;
    this.follow(before, this.#end, end);
  }

  /** The offset that they stand before. */
  get end(): number {
    return this.#end;
  }

  /** Valid until more follows. */
  get bytes(): Buffer {
    return this.#kept.subarray(0, this.#length);
  }

  /** All up to `to` was read; `bytes` stand at `offset`. What they do not join on to is forgotten. */
  follow(bytes: Buffer, offset: number, to: number): void {
    if (offset > this.#end || to < this.#end) {
      this.#length = 0;
      this.#end = offset;
    }
    const fresh = bytes.subarray(this.#end - offset, to - offset);
    const count = Math.min(fresh.length, MARK_BYTES);
    const kept = Math.min(this.#length, MARK_BYTES - count);
    this.#kept.copyWithin(0, this.#length - kept, this.#length);
    fresh.copy(this.#kept, kept, fresh.length - count);
    this.#length = kept + count;
    this.#end = to;
  }

  /** A hole follows, up to `to`. */
  skip(to: number): void {
    this.follow(NULS, to - MARK_BYTES, to);
  }

  /** Undefined while nothing is known of what stands before. */
  mark(): Mark | undefined {
    return markOf(this.bytes);
  }
}
