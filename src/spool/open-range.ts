/**
 * The lines of one generation that are mapped but not yet durable: bytes [from, to) of the log and what became
 * of them, per destination. Lost on a crash, which is fine: the log still has them.
 */
import type { ByteWriter } from '../bytes.ts';
import type { EventRoom, Generation, LineFailure, LineSink, RunSink, SourceCounts } from '../types.ts';
import { noLines } from './counts.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { Mark } from '../mark.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import { NO_LIMITS, type TimeLimits } from '../time-limits.ts';

/** Bytes of a hole that were found in the range. */
export interface Hole {
  readonly offset: number;
  readonly bytes: number;
}

/** So many are told of; all are counted. */
const MOST_HOLES = 10;

/** A failure of a line in the range. */
export interface FailedLine {
  readonly offset: number;
  readonly failure: LineFailure;
  /** A copy of its bytes, or of its beginning. */
  readonly line: Buffer;
  /** Length of the whole line where `line` is only its beginning. */
  readonly lineBytes?: number;
}

/** What a failed line takes in memory beside its bytes, and in the file of letters. */
const FAILURE_BYTES = 256;

export class OpenRange implements LineSink, RunSink {
  readonly source: string;
  readonly generation: Generation;
  readonly from: number;
  to: number;
  /** Of what stands before `to`, once it is handed over to be sealed. */
  mark: Mark | undefined;
  /** When its first line was taken, Unix ms. */
  readonly openedAt: number;
  /** When its last line was taken, Unix ms. */
  touchedAt: number;
  readonly counts: SourceCounts = noLines();
  /** Events by destination number. */
  readonly parts: (EventBuffer | undefined)[] = [];
  readonly failures: FailedLine[] = [];
  /** The first of its holes. */
  readonly holes: Hole[] = [];
  #limits: TimeLimits;
  #hasImplausible = false;
  /** Bytes of events and failed lines held: what bounds a range's memory. */
  #held = 0;
  #mostEvents = 0;
  // The line being mapped, for the calls that come back through LineSink.
  #lineOffset = 0;
  #line: Buffer = Buffer.alloc(0);
  #lineStart = 0;
  #lineEnd = 0;
  #unterminated = false;
  readonly #spare: SpareBuffers;

  /** @param spare Buffers of earlier ranges to use again; see `recycle`. */
  constructor(
    source: string,
    generation: Generation,
    from: number,
    now: number,
    spare: SpareBuffers,
    limits: TimeLimits = NO_LIMITS,
  ) {
    this.#limits = limits;
    this.source = source;
    this.generation = generation;
    this.from = from;
    this.to = from;
    this.openedAt = now;
    this.touchedAt = now;
    this.#spare = spare;
  }

  get limits(): TimeLimits {
    return this.#limits;
  }

  /** The limits, when a line of the range was found implausible by them: only then need they be known later. */
  get decisiveLimits(): TimeLimits | undefined {
    return this.#hasImplausible ? this.#limits : undefined;
  }

  /** Time goes by: later times are plausible, too. Only while no line was found implausible. */
  allowUntil(latestMs: number): void {
    this.#limits = { earliestMs: this.#limits.earliestMs, latestMs };
  }

  get heldBytes(): number {
    return this.#held;
  }

  get mostEvents(): number {
    return this.#mostEvents;
  }

  /** Names the line whose events and failures come next: `bytes[start, end)` at `offset` of the generation. */
  begin(bytes: Buffer, start: number, end: number, offset: number, unterminated: boolean): void {
    this.#line = bytes;
    this.#lineStart = start;
    this.#lineEnd = end;
    this.#lineOffset = offset;
    this.#unterminated = unterminated;
  }

  room(destination: number): EventRoom | undefined {
    return this.#part(destination).room;
  }

  took(destination: number, lines: number): void {
    const part = this.#part(destination);
    this.#held += part.take(lines);
    this.#mostEvents = Math.max(this.#mostEvents, part.events);
    this.counts.lines += lines;
    this.counts.mapped += lines;
  }

  writer(destination: number): ByteWriter {
    return this.#part(destination).next();
  }

  event(destination: number): void {
    const part = this.#part(destination);
    this.#held += part.add(this.#lineOffset);
    if (part.events > this.#mostEvents) this.#mostEvents = part.events;
  }

  dead(failure: LineFailure): void {
    if (failure.reason === 'implausible_timestamp') this.#hasImplausible = true;
    const line = Buffer.from(this.#line.subarray(this.#lineStart, this.#lineEnd));
    const cut = this.#unterminated && failure.reason === 'not_json';
    this.#held += line.length + FAILURE_BYTES;
    this.failures.push({
      offset: this.#lineOffset,
      failure: cut
        ? { ...failure, reason: 'unterminated_line', message: `cut off: ${failure.message}` }
        : failure,
      line,
    });
  }

  /** NUL bytes, at `offset`, that are no part of a line. */
  hole(offset: number, bytes: number): void {
    this.counts.nulBytes = (this.counts.nulBytes ?? 0) + bytes;
    if (this.holes.length < MOST_HOLES) this.holes.push({ offset, bytes });
  }

  /** A line that was too long to be kept whole. */
  oversize(offset: number, head: Buffer, length: number, failure: LineFailure): void {
    this.#held += head.length + FAILURE_BYTES;
    this.failures.push({ offset, failure, line: Buffer.from(head), lineBytes: length });
  }

  /** The part's buffer belongs to the caller from now on. */
  handOver(part: EventBuffer): void {
    this.parts[this.parts.indexOf(part)] = undefined;
  }

  /** Gives the buffers back once the range is durable or abandoned. */
  recycle(): void {
    for (const part of this.parts) if (part !== undefined) this.#spare.giveBack(part);
  }

  #part(destination: number): EventBuffer {
    return (this.parts[destination] ??= this.#spare.take());
  }
}
