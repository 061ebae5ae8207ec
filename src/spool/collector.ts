/**
 * The front of the spool: splits blocks into lines, has them mapped into the open range of their generation, and
 * hands ranges to the sealer when they are big enough, old enough, or their file has gone quiet.
 *
 * Back-pressure: while the gate is closed, seals are behind, or chunks are just about to be shipped from memory, a block
 * is not taken until that is over.
 */
import type {
  Clock,
  Generation,
  GenerationStart,
  LineBlock,
  LineConsumer,
  LineMapper,
  OversizeLine,
  SourceCounts,
} from '../types.ts';
import { generationKey } from '../generation-key.ts';
import { Trail, type Mark } from '../mark.ts';
import type { LineLoss } from '../loss.ts';
import { bordersWithin, decidedAt, type DecidedRange } from './decided.ts';
import type { FreshChunks } from './fresh-chunks.ts';
import type { SpoolGate } from './gate.ts';
import { OpenRange } from './open-range.ts';
import type { Sealer } from './sealer.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import type { TimeLimits } from '../time-limits.ts';

const NUL = 0;
/** A range is sealed when it holds this much (and a little: it fits the buffer) … */
const MAX_HELD_BYTES = 1270 * 1024;
const MAX_EVENTS = 4000;
/** … or spans this much of the log, though it gave no event. */
const MAX_SPAN_BYTES = 8 * 1024 * 1024;
/** Ranges that may wait for the disk before reading pauses: one is written while the next one fills. */
const MAX_BACKLOG = 2;
/** An open range lets later times pass when the clock has moved by so much. */
const LIMITS_STEP_MS = 1000;
/** What all open ranges may hold together, however many files are read: beyond it the largest is sealed. */
const MAX_HELD_IN_ALL = 10 * 1024 * 1024;

export interface CollectorOptions {
  readonly mappers: ReadonlyMap<string, LineMapper>;
  readonly sealer: Sealer;
  readonly gate: SpoolGate;
  readonly clock: Clock;
  readonly spare: SpareBuffers;
  readonly fresh: FreshChunks;
  /** A range is sealed when its first line was taken so long ago … */
  readonly bufferDurationMs: number;
  /** … or its last one. */
  readonly inactiveTimeoutMs: number;
  /** The generation is read from here on. Says whether that is news, to be made durable before its first line. */
  readonly started: (
    source: string,
    generation: Generation,
    offset: number,
    mark: Mark | undefined,
  ) => boolean;
  /** Writes the checkpoint now. */
  readonly checkpoint: () => Promise<void>;
  /** All ranges of the generation are durable. */
  readonly ended: (source: string, generation: Generation, offset: number) => void;
  /** A part of a generation is lost; returns the id of the loss. */
  readonly lost: (loss: LineLoss) => string;
  /** Which times of a source's lines are plausible now, Unix ms. */
  readonly limitsAt: (source: string, nowMs: number) => TimeLimits;
  /** Read again, with the limits of that time. */
  readonly decided: readonly DecidedRange[];
  readonly signal: AbortSignal;
}

export class Collector implements LineConsumer {
  readonly #o: CollectorOptions;
  readonly #open = new Map<string, OpenRange>();
  /** What was read last of each generation that is being read. */
  readonly #trails = new Map<string, Trail>();
  #watching = false;

  constructor(options: CollectorOptions) {
    this.#o = options;
  }

  async started(source: string, generation: Generation, offset: number, before?: Buffer): Promise<void> {
    const { sealer, signal, started, checkpoint } = this.#o;
    const key = keyOf(source, generation);
    const range = this.#open.get(key);
    if (range !== undefined) this.#seal(range);
    const trail = new Trail(offset, before);
    const mark = trail.mark();
    this.#trails.set(key, trail);
    let news = false;
    // Only when all that was read of it before is durable may the position move.
    await sealer.afterwards(() => {
      news = started(source, generation, offset, mark);
    });
    if (news) await sealer.insist(checkpoint);
    signal.throwIfAborted();
  }

  async starting(source: string, starts: readonly GenerationStart[]): Promise<void> {
    const { sealer, signal, started, checkpoint } = this.#o;
    const marked = starts.map((start) => ({ ...start, mark: new Trail(start.offset, start.before).mark() }));
    await sealer.afterwards(() => {
      for (const { generation, offset, mark } of marked) started(source, generation, offset, mark);
    });
    await sealer.insist(checkpoint);
    signal.throwIfAborted();
  }

  lines(block: LineBlock): void | Promise<void> {
    if (!this.#mayPass()) return this.#whenAdmitted(() => this.#takeAll(block));
    this.#takeAll(block);
  }

  oversize(line: OversizeLine): void | Promise<void> {
    if (!this.#mayPass()) return this.#whenAdmitted(() => this.#takeOversize(line));
    this.#takeOversize(line);
  }

  ended(source: string, generation: Generation, offset: number): void {
    const key = keyOf(source, generation);
    const range = this.#open.get(key);
    if (range !== undefined) this.#seal(range);
    this.#trails.delete(key);
    void this.#o.sealer.afterwards(() => this.#o.ended(source, generation, offset));
  }

  async lost(loss: LineLoss): Promise<string> {
    const { sealer, signal, lost, checkpoint } = this.#o;
    const key = keyOf(loss.source, loss.generation);
    const range = this.#open.get(key);
    if (range !== undefined) this.#seal(range);
    if (loss.isEnd) this.#trails.delete(key);
    let id = '';
    await sealer.afterwards(() => {
      id = lost(loss);
    });
    await sealer.insist(checkpoint);
    signal.throwIfAborted();
    return id;
  }

  /** Hands over all open ranges; resolves when they are durable. */
  async flush(): Promise<void> {
    for (const range of this.#open.values()) this.#seal(range);
    await this.#o.sealer.drained();
  }

  /** What is mapped but does not count yet, for status: per source its counts, per destination number its events. */
  openCounts(): { sources: [string, SourceCounts][]; events: number[] } {
    const ranges = [...this.#open.values(), ...this.#o.sealer.ranges];
    const events: number[] = [];
    for (const range of ranges) {
      for (const [number, part] of range.parts.entries()) {
        events[number] = (events[number] ?? 0) + (part?.events ?? 0);
      }
    }
    return { sources: ranges.map(({ source, counts }) => [source, counts]), events };
  }

  #mayPass(): boolean {
    const { gate, sealer, fresh } = this.#o;
    const { ranges } = sealer;
    gate.checkClock();
    return gate.isOpen && ranges.size < MAX_BACKLOG && !fresh.isCrowded(ranges);
  }

  /** @throws the signal's reason when the daemon stops before */
  async #whenAdmitted(take: () => void): Promise<void> {
    const { gate, sealer, fresh, signal } = this.#o;
    while (!this.#mayPass()) {
      signal.throwIfAborted();
      if (!gate.isOpen) await gate.passable();
      else if (fresh.isCrowded(sealer.ranges)) await fresh.roomier(signal);
      else await sealer.oneDone();
    }
    // In the same turn: of many who wait, each must see what those before it have taken.
    take();
  }

  /** In parts, where other limits hold within it. */
  #takeAll(block: LineBlock): void {
    const { offset, bytes, generation } = block;
    const { decided } = this.#o;
    if (decided.length === 0) return this.#take(block);
    const borders = bordersWithin(decided, generation.fingerprint, offset, offset + bytes.length);
    let from = offset;
    for (const to of [...borders, offset + bytes.length]) {
      const part = bytes.subarray(from - offset, to - offset);
      const unterminated = block.unterminated && to === offset + bytes.length;
      const hole = from === offset ? (block.hole ?? 0) : 0;
      this.#take({ ...block, offset: from, hole, bytes: part, unterminated });
      from = to;
    }
  }

  #take({ source, generation, offset, hole = 0, bytes, unterminated }: LineBlock): void {
    const mapper = this.#o.mappers.get(source);
    if (mapper === undefined) throw new Error(`no mapper for the source ${source}`);
    let range = this.#rangeFor(source, generation, offset, hole);
    const trail = this.#trailOf(range);
    if (hole > 0) trail.skip(offset);
    // One for all lines: a mapper looks at it only while it maps.
    const place = { generation, offset };
    for (let start = 0; start < bytes.length;) {
      const next = mapper.mapRun(bytes, start, offset + start, range, MAX_EVENTS);
      if (next > start) {
        start = next;
        range.to = offset + start;
        if (isFull(range)) {
          trail.follow(bytes, offset, range.to);
          range = this.#sealFull(range, start < bytes.length);
        }
        continue;
      }
      const end = mapper.lineEnd(bytes, start);
      place.offset = offset + start;
      if (bytes[start] === NUL) range.hole(place.offset, leadingNuls(bytes, start, end));
      range.begin(bytes, start, end, place.offset, unterminated && end === bytes.length);
      const outcome = mapper.map(bytes, start, end, place, range);
      range.counts.lines++;
      range.counts[outcome]++;
      start = end + 1;
      range.to = offset + Math.min(start, bytes.length);
      if (isFull(range)) {
        trail.follow(bytes, offset, range.to);
        range = this.#sealFull(range, start < bytes.length);
      }
    }
    trail.follow(bytes, offset, offset + bytes.length);
    this.#touch(range);
  }

  /** The range that takes the lines that follow, if there are any. */
  #sealFull(range: OpenRange, goesOn: boolean): OpenRange {
    this.#seal(range);
    return goesOn ? this.#rangeFor(range.source, range.generation, range.to) : range;
  }

  #takeOversize({
    source,
    generation,
    offset,
    hole = 0,
    length,
    head,
    tail,
    nextOffset,
  }: OversizeLine): void {
    const range = this.#rangeFor(source, generation, offset, hole);
    range.oversize(offset, head, length, {
      reason: 'line_too_long',
      message: `the line has ${length} bytes, more than max_line_bytes; its first ${head.length} are kept here: raise max_line_bytes, then replay the log`,
    });
    range.counts.lines++;
    range.counts.dead++;
    range.to = nextOffset;
    const trail = this.#trailOf(range);
    if (hole > 0) trail.skip(offset);
    trail.follow(tail, nextOffset - tail.length, nextOffset);
    if (isFull(range)) this.#sealFull(range, false);
    this.#touch(range);
  }

  /** The range that takes the lines at `offset`, before which a hole was skipped. */
  #rangeFor(source: string, generation: Generation, offset: number, hole = 0): OpenRange {
    const from = offset - hole;
    const { clock, limitsAt, decided, spare } = this.#o;
    const key = keyOf(source, generation);
    const now = clock.now();
    const limits = decidedAt(decided, generation.fingerprint, from)?.limits ?? limitsAt(source, now);
    let range = this.#open.get(key);
    if (range !== undefined && range.to === from && !this.#moves(range, limits)) {
      this.#seal(range);
      range = undefined;
    }
    if (range === undefined) {
      range = new OpenRange(source, generation, from, now, spare, limits);
      this.#open.set(key, range);
    } else if (range.to !== from) {
      throw new Error(`${source}: lines at ${from} do not follow on ${range.to}`);
    }
    if (hole > 0) range.hole(from, hole);
    range.to = offset;
    return range;
  }

  #trailOf({ source, generation, from }: OpenRange): Trail {
    const key = keyOf(source, generation);
    let trail = this.#trails.get(key);
    if (trail === undefined) this.#trails.set(key, (trail = new Trail(from)));
    return trail;
  }

  /** Has an open range let later times pass. False when another range has to: one range has one decision for its lines. */
  #moves(range: OpenRange, limits: TimeLimits): boolean {
    const { decided } = this.#o;
    if (decided.length > 0) {
      const { fingerprint } = range.generation;
      if (decidedAt(decided, fingerprint, range.from) !== decidedAt(decided, fingerprint, range.to))
        return false;
    }
    if (limits.latestMs < range.limits.latestMs + LIMITS_STEP_MS) return true;
    if (range.decisiveLimits !== undefined) return false;
    range.allowUntil(limits.latestMs);
    return true;
  }

  #touch(range: OpenRange): void {
    if (this.#open.get(keyOf(range.source, range.generation)) !== range) return;
    range.touchedAt = this.#o.clock.now();
    if (range.to - range.from >= MAX_SPAN_BYTES) this.#seal(range);
    else if (this.#open.size > 1) this.#sealLargest();
    if (!this.#watching) void this.#sealWhenDue();
  }

  #sealLargest(): void {
    let held = 0;
    let largest: OpenRange | undefined;
    for (const range of this.#open.values()) {
      held += range.heldBytes;
      if (largest === undefined || range.heldBytes > largest.heldBytes) largest = range;
    }
    if (largest !== undefined && held > MAX_HELD_IN_ALL) this.#seal(largest);
  }

  /** Its trail must have followed up to its end. */
  #seal(range: OpenRange): void {
    this.#open.delete(keyOf(range.source, range.generation));
    const trail = this.#trailOf(range);
    if (trail.end !== range.to) throw new Error(`${range.source}: a mark of ${trail.end} at ${range.to}`);
    range.mark = trail.mark();
    this.#o.sealer.seal(range);
  }

  async #sealWhenDue(): Promise<void> {
    const { clock, signal, inactiveTimeoutMs } = this.#o;
    this.#watching = true;
    while (this.#open.size > 0 && !signal.aborted) {
      const next = Math.min(...[...this.#open.values()].map((range) => this.#dueAt(range)));
      // The clock may jump: what counts is looked at again afterwards.
      await clock.sleep(Math.max(1, Math.min(next - clock.now(), inactiveTimeoutMs)), signal);
      const now = clock.now();
      for (const range of this.#open.values()) {
        // A clock that was set back must not keep a range open for longer than the timeouts say.
        if (now >= this.#dueAt(range) || now < range.openedAt) this.#seal(range);
      }
    }
    this.#watching = false;
  }

  #dueAt({ openedAt, touchedAt }: OpenRange): number {
    return Math.min(openedAt + this.#o.bufferDurationMs, touchedAt + this.#o.inactiveTimeoutMs);
  }
}

function leadingNuls(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === NUL) at++;
  return at - start;
}

const isFull = ({ heldBytes, mostEvents }: OpenRange): boolean =>
  heldBytes >= MAX_HELD_BYTES || mostEvents >= MAX_EVENTS;

const keyOf = (source: string, generation: Generation): string => `${source}\n${generationKey(generation)}`;
