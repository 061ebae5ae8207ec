/**
 * A log that is open to have ranges of it read again, one after the other. It ends where the range ends, so that lines
 * are cut as they were when the range was read first. Of an archive the bytes from the beginning of the last range on
 * are kept (as far as they are few): the same range may be wanted again, and the next one follows without unpacking all
 * from the start.
 */
import type { LogRange } from '../log-range.ts';
import { ArchiveContent } from './archive-content.ts';
import { openLog, type Content } from './content.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import type { LineContent } from './line-reader.ts';
import type { FoundLog } from './log-files.ts';

/** A range spans little more than this, unless it has a giant line. */
const MOST_KEPT_BYTES = 10 * 1024 * 1024;
/** Unpacking to where a range begins can be stopped after so much. */
const STEP_BYTES = 16 * 1024 * 1024;

export class RangeContent implements LineContent {
  readonly log: FoundLog;
  readonly #content: Content;
  #from = 0;
  #to = 0;
  #floor = 0;

  /** Undefined when the path holds something else by now. Rejects when it cannot be read. */
  static async open(log: FoundLog): Promise<RangeContent | undefined> {
    const opened = await openLog(log.path, log.kind);
    let content: Content | undefined = opened.content;
    try {
      for (let member = 0; member < log.member && content !== undefined; member++) {
        content = content instanceof ArchiveContent ? await content.following() : undefined;
      }
      if (content !== undefined && (await begins(content, log))) return new RangeContent(log, content);
    } catch (error) {
      await opened.content.close();
      throw error;
    }
    await opened.content.close();
    return undefined;
  }

  private constructor(log: FoundLog, content: Content) {
    this.log = log;
    this.#content = content;
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
    return this.#content.close();
  }
}

async function begins(content: Content, { fingerprint, fingerprintBytes }: FoundLog): Promise<boolean> {
  const head = Buffer.allocUnsafe(FINGERPRINT_MAX_BYTES);
  const count = await content.read(head, FINGERPRINT_MAX_BYTES, 0);
  const found = fingerprintOf(head.subarray(0, count), true);
  return count > 0 && found?.hash === fingerprint && found.bytes === fingerprintBytes;
}
