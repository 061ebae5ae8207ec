/**
 * One open generation: reads it a buffer-full a turn, hands lines on, and notices when the file under its descriptor
 * is no longer the one that it was.
 *
 * Exactness: the offset moves only after the consumer took a piece; a piece is handed on only when the file, looked
 * at after the read, still begins with the same bytes and has the same bytes before the offset. So lines of the next
 * generation can never be taken for lines of this one, whenever the truncation happens.
 */
import type { Generation, LineConsumer, ReadProgress } from '../types.ts';
import { MARK_BYTES, Trail, type Mark } from '../mark.ts';
import type { ContentStat, OpenLog } from './content.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf, type Fingerprint } from './fingerprint.ts';
import { GenerationLife } from './generation.ts';
import { LineReader, type Piece, type ReadBuffer } from './line-reader.ts';
import type { Known } from './registry.ts';

const NOTHING = Buffer.alloc(0);
/** While there is more, the size of the file is looked at only now and then. */
const TURNS_PER_LOOK = 16;

export interface ReaderSetup {
  readonly source: string;
  readonly maxLineBytes: number;
  readonly consumer: LineConsumer;
  readonly buffer: ReadBuffer;
  /** Monotonic milliseconds. */
  readonly elapsed: () => number;
}

/**
 * - `delivered`: progress was made, there may be more.
 * - `idle`: all that there is was delivered, by this turn or before.
 * - `refused`: the consumer rejected it; the same comes again next time.
 * - `truncated`: the file holds something else now.
 */
export type Turn = 'delivered' | 'idle' | 'refused' | 'truncated';

export class GenerationReader {
  readonly life = new GenerationLife();
  readonly log: OpenLog;
  /** Where it is now; changes when it is renamed. */
  path: string;
  /** An error was reported and has not gone away. */
  troubled = false;

  readonly #setup: ReaderSetup;
  #knownAs: Known | undefined;
  #lines: LineReader | undefined;
  #head = NOTHING;
  /** What was delivered last: tells logs with equal first lines apart. */
  #trail = new Trail(0);
  #seen: ContentStat;
  #ownSize = 0;
  #changedAt: number;
  #turnsToLook = 0;
  #systemPath: string | undefined;

  constructor(log: OpenLog, setup: ReaderSetup) {
    this.log = log;
    this.path = log.path;
    this.#setup = setup;
    this.#seen = { size: log.size, mtimeNs: log.mtimeNs, links: 1 };
    this.#changedAt = setup.elapsed();
    this.#systemPath = log.content.where?.();
  }

  /** What the registry says it is; known at the latest when it is no longer `fresh`. */
  get known(): Known | undefined {
    return this.#knownAs;
  }

  set known(known: Known | undefined) {
    this.#knownAs = known;
    if (known !== undefined && this.log.content.growing) known.content = this.log.content;
  }

  /** Bytes delivered; 0 while `fresh`. */
  get offset(): number {
    return this.#lines?.offset ?? 0;
  }

  /** Bytes there were at the last look. */
  get size(): number {
    return this.#seen.size;
  }

  /** Bytes that this generation had when its file last held it: once it is truncated, `size` is that of the next. */
  get knownSize(): number {
    return Math.max(this.#ownSize, this.#lines?.content ?? 0);
  }

  /** Of what stands before `offset`. */
  get mark(): Mark | undefined {
    return this.#trail.mark();
  }

  /** The file has no name any more. */
  get removed(): boolean {
    return this.#seen.links === 0;
  }

  /** Milliseconds since the file was last seen to change. */
  get quietMs(): number {
    return this.#setup.elapsed() - this.#changedAt;
  }

  /**
   * Sees where its file is by now, if it was moved to any name or folder, or `left`, which named it before, was a link
   * to it. False when the system does not tell.
   */
  locate(left?: string): boolean {
    const now = this.log.content.where?.();
    if (now === undefined) return false;
    if (now !== this.#systemPath || this.path === left) {
      this.#systemPath = now;
      this.path = now;
    }
    return true;
  }

  /** Its fingerprint, or undefined when it is too short to have one. With `complete`, no more is awaited. */
  async identify(complete = false): Promise<Fingerprint | undefined> {
    await this.#look();
    const { few: head } = this.#setup.buffer;
    const count = await this.log.content.head(head, FINGERPRINT_MAX_BYTES);
    if (count === 0) return undefined;
    const fingerprint = fingerprintOf(head.subarray(0, count), complete);
    if (fingerprint !== undefined) {
      this.#head = Buffer.from(head.subarray(0, Math.min(count, fingerprint.bytes + 1)));
    }
    return fingerprint;
  }

  /** Whether all that its file has by now was read, but for a line that is not complete. */
  async isDrained(): Promise<boolean> {
    await this.#look();
    return this.#lines !== undefined && this.#lines.scanned >= this.#seen.size;
  }

  /** Starts reading what `known` says, at its offset. False when the consumer refused: then it is still `fresh`. */
  async begin(current: boolean): Promise<boolean> {
    const { consumer, source, maxLineBytes, buffer } = this.#setup;
    const { offset } = this.#known();
    this.#trail = new Trail(offset, await this.#before(offset));
    try {
      await consumer.started?.(source, this.#identity(), offset, this.#trail.bytes);
    } catch {
      return false;
    }
    this.#lines = new LineReader(this.log.content, offset, maxLineBytes, buffer);
    this.life.become(current ? 'live' : 'rotated');
    return true;
  }

  /** Whether the file holds something else by now. Rejects when it cannot be read. */
  async isTruncated(): Promise<boolean> {
    if (this.#lines === undefined || !this.log.content.growing) return false;
    await this.#look();
    return this.#seen.size < this.#lines.scanned || !this.#isSame();
  }

  /** Delivers one buffer-full. Rejects when the file cannot be read. */
  async turn(): Promise<Turn> {
    const turn = await this.#turn(this.#begun());
    // What was written since the read may be of the next generation already.
    const { size } = this.#seen;
    if (turn !== 'truncated' && size !== this.#ownSize && this.#isSame()) this.#ownSize = size;
    return turn;
  }

  async #turn(lines: LineReader): Promise<Turn> {
    const { content } = this.log;
    if (!content.growing) {
      await this.#look();
      return this.#read(lines);
    }
    const turn = await this.#read(lines);
    if (turn === 'refused' || turn === 'truncated') return turn;
    if (lines.filled && this.#turnsToLook-- > 0) return turn;
    this.#turnsToLook = TURNS_PER_LOOK;
    const changed = this.#note(content.glance());
    if (this.#seen.size < lines.scanned) return 'truncated';
    // Written since the read: no file is over of which that much is known.
    if (this.#seen.size > lines.scanned) return turn === 'idle' ? this.#read(lines) : turn;
    return changed && !this.#isSame() ? 'truncated' : 'idle';
  }

  async #read(lines: LineReader): Promise<Turn> {
    const piece = await lines.next();
    if (piece === undefined) return 'idle';
    if (!this.#isSame()) return 'truncated';
    if (piece === 'scanned') return 'delivered';
    return (await this.#deliver(piece, false)) ? 'delivered' : 'refused';
  }

  /** Delivers the last line that has no newline, says that this was all, and closes. Call it when a turn was `idle`. */
  async finish(): Promise<Turn> {
    const lines = this.#begun();
    const rest = await lines.rest();
    if (rest !== undefined) {
      const { scanned } = lines;
      if (!this.#isSame()) return 'truncated';
      if (!(await this.#deliver(rest, true))) return 'refused';
      // A hole cut it off: more stands behind.
      if (this.offset < scanned) return 'delivered';
    }
    const { consumer, source } = this.#setup;
    try {
      await consumer.ended(source, this.#identity(), this.offset);
    } catch {
      return 'refused';
    }
    await this.close();
    return 'idle';
  }

  /** Gives up the descriptor. */
  async close(): Promise<void> {
    this.life.become('ended');
    if (this.known?.content === this.log.content) delete this.known.content;
    await this.log.content.close();
  }

  /** How it stands now, by a look at the file of its own. @throws the error of the system */
  progress(): ReadProgress {
    const { source } = this.#setup;
    const { path, known, life } = this;
    const at = { source, path, fingerprint: known?.generation.fingerprint ?? '' };
    // Before it has begun, reading stands where the books say.
    const offset = this.#lines === undefined ? (known?.offset ?? 0) : this.offset;
    const state = life.state === 'fresh' ? 'new' : life.state === 'live' ? 'live' : 'rotated';
    if (!this.log.content.growing) return { ...at, offset, size: null, state };
    const { size } = this.log.content.glance();
    return size < offset
      ? { ...at, fingerprint: '', offset: 0, size, state: 'truncated' }
      : { ...at, offset, size, state };
  }

  #known(): Known {
    if (this.known === undefined) throw new Error(`${this.path} is read before it is known what it is`);
    return this.known;
  }

  #begun(): LineReader {
    if (this.#lines === undefined) throw new Error(`${this.path} is read before it has begun`);
    return this.#lines;
  }

  /** The same identity for the whole life, at the path where it is now. */
  #identity(): Generation {
    const known = this.#known();
    if (known.generation.path !== this.path) known.generation = { ...known.generation, path: this.path };
    return known.generation;
  }

  /** What stands before an offset, as many bytes as a mark needs. */
  async #before(offset: number): Promise<Buffer> {
    if (offset === 0) return NOTHING;
    const { few } = this.#setup.buffer;
    const from = Math.max(0, offset - MARK_BYTES);
    this.log.content.forget(from);
    return few.subarray(0, await this.log.content.read(few, offset - from, from));
  }

  /** Looks at size and time. */
  async #look(): Promise<void> {
    this.#note(await this.log.content.stat());
  }

  /** Whether size or time changed since the last look. */
  #note(stat: ContentStat): boolean {
    const changed = stat.size !== this.#seen.size || stat.mtimeNs !== this.#seen.mtimeNs;
    if (changed) this.#changedAt = this.#setup.elapsed();
    this.#seen = stat;
    return changed;
  }

  #isSame(): boolean {
    if (!this.log.content.growing) return true;
    return this.#holds(this.#head, this.#head.length) && this.#holds(this.#trail.bytes, this.#trail.end);
  }

  #holds(expected: Buffer, end: number): boolean {
    if (expected.length === 0) return true;
    const { few } = this.#setup.buffer;
    const count = this.log.content.peek(few, expected.length, end - expected.length);
    return expected.equals(few.subarray(0, count));
  }

  /** False when the consumer rejected it. */
  async #deliver(piece: Piece, unterminated: boolean): Promise<boolean> {
    const { consumer, source } = this.#setup;
    const generation = this.#identity();
    const { offset, hole } = piece;
    try {
      const taken = piece.oversize
        ? consumer.oversize({
            source,
            generation,
            offset,
            hole,
            length: piece.length,
            head: piece.head,
            tail: piece.tail,
            nextOffset: piece.end,
          })
        : consumer.lines({
            source,
            generation,
            offset,
            hole,
            bytes: piece.bytes,
            unterminated: unterminated || piece.cut,
          });
      // Most deliveries are taken at once: no trip through the microtask queue for them.
      if (taken !== undefined) await taken;
    } catch {
      return false;
    }
    const bytes = piece.oversize ? piece.tail : piece.bytes;
    if (hole > 0) this.#trail.skip(offset);
    this.#trail.follow(bytes, piece.end - bytes.length, piece.end);
    this.#begun().accept(piece);
    return true;
  }
}
