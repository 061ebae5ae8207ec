/**
 * A log that is open to have ranges of it read again, one after the other. It ends where the range ends, so that lines
 * are cut as they were when the range was read first. Of an archive the bytes from the beginning of the last range on
 * are kept (as far as they are few): the same range may be wanted again, and the next one follows without unpacking all
 * from the start.
 */
import type { LogRange } from '../log-range.ts';
import type { ReadPurpose } from './archive-content.ts';
import type { Opened } from './comparison.ts';
import type { Content } from './content.ts';
import type { LineContent } from './line-reader.ts';
import { openFound, type FoundLog } from './log-files.ts';

/** A range spans little more than this, unless it has a giant line. */
const MOST_KEPT_BYTES = 10 * 1024 * 1024;
/** Unpacking to where a range begins can be stopped after so much. */
const STEP_BYTES = 16 * 1024 * 1024;

export class RangeContent implements LineContent {
  readonly log: FoundLog;
  readonly #content: Content;
  readonly #close: () => Promise<void>;
  #from = 0;
  #to = 0;
  #floor = 0;

  /** Undefined when the path holds something else by now. Rejects when it cannot be read. */
  static async open(log: FoundLog, purpose: ReadPurpose): Promise<RangeContent | undefined> {
    const opened = await openFound(log, purpose);
    return opened === undefined ? undefined : new RangeContent(log, opened);
  }

  private constructor(log: FoundLog, { content, close }: Opened) {
    this.log = log;
    this.#content = content;
    this.#close = close;
  }

  /** Of an archive: bytes below may be gone. */
  get floor(): number {
    return this.#floor;
  }

  /** Whether the range can be read from where this one stands. */
  offers({ fingerprint, from }: LogRange): boolean {
    return this.log.fingerprint === fingerprint && (this.#content.growing || from >= this.#floor);
  }

  /** To be called before the range is read. Rejects when `signal` aborts meanwhile. */
  async goTo({ from, to }: LogRange, signal: AbortSignal): Promise<void> {
    this.#from = from;
    this.#to = to;
    if (this.#content.growing) return;
    const byte = Buffer.allocUnsafe(1);
    for (let at = this.#floor; at < from; at += STEP_BYTES) {
      signal.throwIfAborted();
      this.#floor = at;
      this.#content.forget(at);
      await this.#content.read(byte, 1, at);
    }
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    const count = Math.min(length, this.#to - position);
    return count <= 0 ? 0 : this.#content.read(into, count, position);
  }

  forget(position: number): void {
    this.#floor = Math.max(this.#floor, this.#from, position - MOST_KEPT_BYTES);
    this.#content.forget(this.#floor);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
