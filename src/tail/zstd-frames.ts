/**
 * Walks the frames of a zstd file by their headers (RFC 8878, section 3), without unpacking: where each begins and
 * ends, and whether it carries a checksum. Node's decompressor stops at the end of a frame without a word.
 *
 *   magic 4 │ descriptor 1 │ window 0-1 │ dictionary 0-4 │ content size 0-8 │ blocks … │ checksum 0 or 4
 *   block: header 3 (last 1 bit, type 2 bits, size 21 bits), then its bytes (of a repeated byte: 1)
 */
import { isSkippable, isZstd } from './packing.ts';

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const REPEATED = 1;
const RESERVED = 3;
const NOTHING = Buffer.alloc(0);

type Part = 'magic' | 'skippable' | 'descriptor' | 'header' | 'block' | 'body' | 'checksum' | 'padding';

export class ZstdFrames {
  #part: Part = 'magic';
  /** Bytes of the present part that are to come. */
  #left = 4;
  /** Those of a part that must be looked at. */
  #head = NOTHING;
  #isLast = false;
  /** Of the frame that `take` is in, or has just left; undefined while that is not known. */
  checksum: boolean | undefined;
  /** The frame carries no content. */
  skipped = false;

  /** Stands between two frames, or in what pads the file. */
  get isBetween(): boolean {
    return (this.#part === 'magic' && this.#head.length === 0) || this.#part === 'padding';
  }

  /** In zero bytes behind the last frame. */
  get isPadding(): boolean {
    return this.#part === 'padding';
  }

  /**
   * Goes on in `bytes` to the end of the frame, or of the bytes.
   * @returns How many belong to the frame
   * @throws Error when they are no zstd frame
   */
  take(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#part === 'magic' && this.#head.length === 0 && bytes[at] === 0) this.#part = 'padding';
      if (this.#part === 'padding') {
        if (bytes.subarray(at).some((byte) => byte !== 0)) throw new Error('what follows is no zstd frame');
        return bytes.length;
      }
      const count = Math.min(this.#left, bytes.length - at);
      if (this.#part !== 'body' && this.#part !== 'skippable') {
        this.#head = Buffer.concat([this.#head, bytes.subarray(at, at + count)]);
      }
      at += count;
      this.#left -= count;
      if (this.#left === 0 && this.#next()) return at;
    }
    return at;
  }

  /** The present part is complete. True: so is the frame. */
  #next(): boolean {
    const head = this.#head;
    this.#head = NOTHING;
    switch (this.#part) {
      case 'magic':
        if (!isZstd(head)) throw new Error('what follows is no zstd frame');
        this.skipped = isSkippable(head.readUInt32LE(0));
        this.checksum = undefined;
        if (this.skipped) return this.#go('descriptor', 4);
        return this.#go('descriptor', 1);
      case 'descriptor': {
        if (this.skipped) {
          const length = head.readUInt32LE(0);
          return length === 0 ? this.#end() : this.#go('skippable', length);
        }
        const bits = head[0]!;
        const isSingle = (bits & 0x20) !== 0;
        this.checksum = (bits & 0x04) !== 0;
        const size = CONTENT_SIZE_BYTES[(bits >> 6) as 0 | 1 | 2 | 3];
        const length =
          (isSingle ? 0 : 1) +
          DICTIONARY_BYTES[(bits & 3) as 0 | 1 | 2 | 3] +
          (isSingle && size === 0 ? 1 : size);
        return this.#go('header', length);
      }
      case 'header':
        return this.#go('block', 3);
      case 'block': {
        const bits = head.readUIntLE(0, 3);
        const type = (bits >> 1) & 3;
        if (type === RESERVED) throw new Error('a block of an unknown type');
        this.#isLast = (bits & 1) !== 0;
        const length = type === REPEATED ? 1 : bits >> 3;
        return length === 0 ? this.#afterBlock() : this.#go('body', length);
      }
      case 'body':
        return this.#afterBlock();
      default:
        return this.#end();
    }
  }

  #afterBlock(): boolean {
    if (!this.#isLast) return this.#go('block', 3);
    return this.checksum === true ? this.#go('checksum', 4) : this.#end();
  }

  #go(part: Part, length: number): false {
    this.#part = part;
    this.#left = length;
    return false;
  }

  #end(): true {
    this.#go('magic', 4);
    return true;
  }
}
