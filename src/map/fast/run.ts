/**
 * Runs of lines that the kernel maps on its own (`src/kernel/assembly/run.ts`): for a source with one rule whose events
 * take nothing but what the kernel can do. What it leaves is mapped line by line.
 */
import type { Address } from '../../kernel/kernel.ts';
import type { RunSink } from '../../types.ts';
import type { FastLine } from './line.ts';
import type { FastRule } from './rule.ts';
import type { Skeletons } from './skeletons.ts';

/** Words of a job. */
const WORDS = 18;
const SKELETON = 1;
const BODY = 4;
const EVENTS = 8;
/** In doubles. */
const OFFSET = 6;
const EARLIEST = 7;
const LATEST = 8;

export class Runs {
  readonly #line: FastLine;
  readonly #skeletons: Skeletons;
  readonly #destination: number;
  readonly #job: Address;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  /** Undefined for a rule that takes more. @throws OutOfMemoryError */
  static of(rule: FastRule, destination: number, line: FastLine, skeletons: Skeletons): Runs | undefined {
    return rule.isPlain ? new Runs(rule, destination, line, skeletons) : undefined;
  }

  private constructor(rule: FastRule, destination: number, line: FastLine, skeletons: Skeletons) {
    const { memory } = line;
    this.#line = line;
    this.#skeletons = skeletons;
    this.#destination = destination;
    this.#job = memory.allocate(WORDS * 4);
    const { buffer } = memory.bytes;
    this.#words = new Int32Array(buffer, this.#job, WORDS);
    this.#doubles = new Float64Array(buffer, this.#job, WORDS / 2);
    this.#words.set([line.table, 0, rule.timeRecord, rule.eventRecord]);
  }

  /** See `LineMapper.mapRun`; gives the number of lines, too. */
  map(
    bytes: Buffer,
    start: number,
    offset: number,
    sink: RunSink,
    mostEvents: number,
  ): { readonly next: number; readonly lines: number } | undefined {
    const first = this.#line.addressOf(bytes, start);
    const skeleton = this.#skeletons.latest;
    const room = first === 0 || skeleton === 0 ? undefined : sink.room(this.#destination);
    // What lies elsewhere the kernel cannot reach.
    if (room?.memory !== this.#line.bytes.buffer) return undefined;
    const words = this.#words;
    words[SKELETON] = skeleton;
    words[BODY] = room.body;
    words[BODY + 1] = room.bodyBytes;
    words[BODY + 2] = room.starts;
    words[BODY + 3] = room.lines;
    words[EVENTS] = room.events;
    words[EVENTS + 1] = mostEvents;
    this.#doubles[OFFSET] = offset;
    this.#doubles[EARLIEST] = sink.limits.earliestMs;
    this.#doubles[LATEST] = sink.limits.latestMs;
    const end = first + bytes.length - start;
    const next = this.#line.memory.kernel.run(this.#job, first, end) - first + start;
    const lines = words[EVENTS] - room.events;
    if (lines > 0) sink.took(this.#destination, lines);
    return { next, lines };
  }
}
