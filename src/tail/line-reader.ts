/**
 * Cuts one generation into runs of whole lines, a buffer-full at a time, and finds lines that are too long.
 *
 * It keeps no bytes: what follows the last newline is read again next time. So memory is the one buffer that all
 * readers share, whatever a line's length; a line that outgrows `maxLineBytes` is only scanned for its end.
 *
 * A writer that does not append leaves a hole of NUL bytes, gigabytes of them, where its log was truncated; a loss of
 * power leaves one in the middle of a line. So a line ends at its newline, or at the first NUL behind other bytes: what
 * follows is another one, with a hole before it. A line that is short enough with the hole before it is handed on with
 * it, since its identity counts from there; otherwise the hole is skipped. This says the same of a line wherever reading
 * begins or ends: where lines begin and end depends on the bytes alone, not on how they came.
 *
 *      delivered      no newline in here     not looked at yet
 *   0 ────────── offset ──────────────── scanned ─────────────▶
 */
import { MARK_BYTES } from '../mark.ts';
import type { Content } from './content.ts';
import { leadingNuls, ScannedLine } from './scanned-line.ts';

const NEWLINE = 0x0a;
const NUL = 0;
/** Larger reads were no faster; smaller ones pay for the trip to the thread pool (64 KiB: a tenth of the rate). */
export const READ_BYTES = 512 * 1024;

/** The first read behind a cut: where one hole is there may be thousands, each of which would take a read. */
const CAREFUL_BYTES = 8 * 1024;

const NOTHING = Buffer.alloc(0);

/** The buffer that the readers of a tailer share: only one of them reads at a time. */
export class ReadBuffer {
  bytes: Buffer;
  /** For looks at a few bytes of a file while `bytes` is in use: its first ones, or those that a mark is made of. */
  readonly few = Buffer.allocUnsafe(MARK_BYTES);
  readonly #usual: Buffer;
  /** For the sake of long lines; the limit is `max_line_bytes`. */
  #large: Buffer = NOTHING;

  /** @param usual READ_BYTES, where those who read the lines like them best */
  constructor(usual: Buffer = Buffer.allocUnsafe(READ_BYTES)) {
    this.#usual = usual;
    this.bytes = usual;
  }

  /** Makes room for so many bytes; forgets those that are there. */
  reserve(length: number): void {
    if (length > Math.max(this.#usual.length, this.#large.length)) this.#large = Buffer.allocUnsafe(length);
    this.bytes = length <= this.#usual.length ? this.#usual : this.#large;
  }
}

interface PieceBounds {
  /** NUL bytes before `offset`, which were skipped: with them its line would be too long. */
  readonly hole: number;
  readonly offset: number;
  readonly end: number;
}

export type Piece =
  | (PieceBounds & {
      readonly oversize: false;
      readonly bytes: Buffer;
      /** It is one line, without a newline, as a hole follows. */
      readonly cut: boolean;
    })
  | (PieceBounds & {
      readonly oversize: true;
      readonly length: number;
      readonly head: Buffer;
      /** Its last bytes: as many as a mark needs. */
      readonly tail: Buffer;
    });

/** What lines are cut from. */
export type LineContent = Pick<Content, 'read' | 'forget'>;

export class LineReader {
  readonly #content: LineContent;
  readonly #maxLineBytes: number;
  readonly #buffer: ReadBuffer;
  #offset: number;
  #scanned: number;
  #filled = false;
  /** How much to read at a time. */
  #ask = READ_BYTES;
  /** A newline is known to stand here or further on: what a hole cuts off before it is complete. */
  #newline = -1;
  /** What is known of the line at `#offset`, while it is being scanned. */
  #line = new ScannedLine(0);

  constructor(content: LineContent, offset: number, maxLineBytes: number, buffer: ReadBuffer) {
    this.#content = content;
    this.#maxLineBytes = maxLineBytes;
    this.#buffer = buffer;
    this.#offset = offset;
    this.#scanned = offset;
    content.forget(offset);
  }

  /** Everything below was accepted. */
  get offset(): number {
    return this.#offset;
  }

  /** The generation was seen up to here: nothing below needs another look until more is written. */
  get scanned(): number {
    return this.#scanned;
  }

  /** As `scanned`, without NULs that nothing follows: they are no content. */
  get content(): number {
    const isHole = this.#scanned > this.#offset && this.#line.start >= this.#scanned;
    return isHole ? this.#offset : this.#scanned;
  }

  /** The last read found as much as it asked for: there is more, in all likelihood. */
  get filled(): boolean {
    return this.#filled;
  }

  /**
   * Lines, or a line that is too long; `scanned` when a buffer-full held no newline; undefined at the present end.
   * The piece comes again until it is accepted, and its bytes are valid until the next call.
   */
  async next(): Promise<Piece | 'scanned' | undefined> {
    let wanted = this.#ask;
    if (this.#scanned > this.#offset) {
      // A hole that is new may be filled yet, by a writer elsewhere, until a newline follows.
      const isComplete = this.#scanned <= this.#newline || this.#isTooLong(this.#scanned);
      if (this.#line.cut !== undefined && isComplete) return this.#divide(this.#scanned);
      const end = await this.#findEnd();
      if (typeof end !== 'number') return end;
      if (this.#isTooLong(end)) return this.#divide(end, end + 1);
      wanted = Math.max(wanted, end - this.#offset + 1);
    }
    this.#buffer.reserve(wanted);
    const { bytes } = this.#buffer;
    const count = await this.#content.read(bytes, wanted, this.#offset);
    this.#filled = count === wanted;
    if (count === 0) return undefined;
    const run = bytes.subarray(0, bytes.lastIndexOf(NEWLINE, count - 1) + 1);
    if (run.length === 0) {
      this.#line = new ScannedLine(this.#offset);
      this.#line.take(bytes.subarray(0, count), this.#offset);
      this.#scanned = this.#offset + count;
      return 'scanned';
    }
    const good = this.#goodLength(run.subarray(0, uncutLength(run)));
    if (good > 0) {
      this.#ask = Math.min(READ_BYTES, this.#ask * 2);
      return this.#lines(this.#offset, run.subarray(0, good));
    }
    const length = run.indexOf(NEWLINE);
    this.#line = new ScannedLine(this.#offset);
    this.#line.take(run.subarray(0, length), this.#offset);
    return this.#divide(this.#offset + length, this.#offset + length + 1);
  }

  /**
   * What stands behind the last newline when nothing more will come; undefined when there is nothing. After it there may
   * be more, where a hole cut it off: ask `next` again.
   */
  async rest(): Promise<Piece | undefined> {
    const length = this.#scanned - this.#offset;
    if (length === 0) return undefined;
    const piece = await this.#divide(this.#scanned);
    return piece.end === this.#offset ? undefined : piece;
  }

  /** The piece was delivered: reading goes on behind it. */
  accept(piece: Piece): void {
    this.#offset = piece.end;
    this.#scanned = piece.end;
    this.#content.forget(piece.end);
  }

  /** Looks for the newline that ends the line at `#offset` in what has not been scanned yet. */
  async #findEnd(): Promise<number | 'scanned' | undefined> {
    const { bytes } = this.#buffer;
    const { start } = this.#line;
    if (this.#scanned - start > this.#maxLineBytes + MARK_BYTES) {
      this.#content.forget(this.#scanned - MARK_BYTES);
    } else if (this.#isTooLong(start)) {
      this.#content.forget(start);
    }
    const count = await this.#content.read(bytes, READ_BYTES, this.#scanned);
    this.#filled = count === READ_BYTES;
    if (count === 0) return undefined;
    const fresh = bytes.subarray(0, count);
    const newline = fresh.indexOf(NEWLINE);
    this.#line.take(newline < 0 ? fresh : fresh.subarray(0, newline), this.#scanned);
    if (newline >= 0) return this.#scanned + newline;
    this.#scanned += count;
    return 'scanned';
  }

  /** Whether what stands before `end` is more than a line may have, with its hole. */
  #isTooLong(end: number): boolean {
    return end - this.#offset > this.#maxLineBytes;
  }

  #lines(offset: number, bytes: Buffer, cut = false): Piece {
    const hole = offset - this.#offset;
    return { oversize: false, hole, offset, end: offset + bytes.length, bytes, cut };
  }

  /**
   * The line at `#offset`: up to the hole in it, and without the hole before it where it would be too long with that.
   * @param end where it ends, if not at a hole @param next where the next one begins
   */
  async #divide(end: number, next = end): Promise<Piece> {
    const { cut, head } = this.#line;
    const stop = cut ?? next;
    const start = this.#isTooLong(cut ?? end) ? this.#line.start : this.#offset;
    const length = (cut ?? end) - start;
    this.#newline = next > end ? end : this.#newline;
    if (cut !== undefined) this.#ask = CAREFUL_BYTES;
    if (length <= this.#maxLineBytes) {
      this.#buffer.reserve(stop - start);
      const { bytes } = this.#buffer;
      const count = await this.#content.read(bytes, stop - start, start);
      return this.#lines(start, bytes.subarray(0, count), cut !== undefined);
    }
    const tail = Buffer.allocUnsafe(Math.min(MARK_BYTES, stop - start));
    const count = await this.#content.read(tail, tail.length, stop - tail.length);
    const hole = start - this.#offset;
    return { oversize: true, hole, offset: start, end: stop, length, head, tail: tail.subarray(0, count) };
  }

  /**
   * How much of `run` comes before the first line that is too long. Jumps from newline to newline, `maxLineBytes` at
   * a time, instead of looking at each line: where there is a newline within that distance, no line is too long.
   */
  #goodLength(run: Buffer): number {
    let start = 0;
    while (run.length - start - 1 > this.#maxLineBytes) {
      const newline = run.lastIndexOf(NEWLINE, start + this.#maxLineBytes);
      if (newline < start) return start;
      start = newline + 1;
    }
    return run.length;
  }
}

/** How much of `run`, which is whole lines, comes before the first one with a hole in it. */
function uncutLength(run: Buffer): number {
  for (let nul = run.indexOf(NUL); nul >= 0; nul = run.indexOf(NUL, nul)) {
    const start = run.lastIndexOf(NEWLINE, nul) + 1;
    if (nul > start) return start;
    nul += leadingNuls(run.subarray(nul));
  }
  return run.length;
}

/** The offset behind the last newline among the first `size` bytes; 0 when there is none. */
export async function afterLastNewline(content: Content, size: number, buffer: Buffer): Promise<number> {
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - buffer.length);
    const count = await content.read(buffer, end - start, start);
    const newline = count === 0 ? -1 : buffer.lastIndexOf(NEWLINE, count - 1);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
