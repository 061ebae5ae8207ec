/**
 * What stands before given offsets of a log: the bytes that marks are made of. Of an archive all before them is unpacked
 * and left behind, so its offsets must ascend.
 */
import { MARK_BYTES, Trail } from '../mark.ts';
import type { Content } from './content.ts';

const STEP_BYTES = 512 * 1024;

/** Bytes of a log that end at `end`: the offset that was asked for, or the end of the log when that comes first. */
export interface Before {
  readonly end: number;
  /** As many as a mark needs, or as there are; valid until the next call. */
  readonly bytes: Buffer;
}

export class Lookback {
  readonly #content: Content;
  readonly #trail = new Trail(0);
  #buffer: Buffer | undefined;

  constructor(content: Content) {
    this.#content = content;
  }

  /** Rejects when the log cannot be read up to there. */
  before(offset: number): Promise<Before> {
    return this.#content.growing ? this.#read(offset) : this.#unpack(offset);
  }

  async #read(offset: number): Promise<Before> {
    const { size } = await this.#content.stat();
    const end = Math.min(offset, size);
    const from = Math.max(0, end - MARK_BYTES);
    const bytes = (this.#buffer ??= Buffer.allocUnsafe(MARK_BYTES));
    const count = await this.#content.read(bytes, end - from, from);
    return { end: from + count, bytes: bytes.subarray(0, count) };
  }

  async #unpack(offset: number): Promise<Before> {
    const bytes = (this.#buffer ??= Buffer.allocUnsafe(STEP_BYTES));
    const trail = this.#trail;
    while (trail.end < offset) {
      const { end } = trail;
      const count = await this.#content.read(bytes, Math.min(STEP_BYTES, offset - end), end);
      if (count === 0) break;
      trail.follow(bytes, end, end + count);
      this.#content.forget(Math.max(0, trail.end - MARK_BYTES));
    }
    return { end: trail.end, bytes: trail.bytes };
  }
}
