/**
 * An event of one rule: text that is the same for all lines, encoded once, and holes between it.
 *
 *   {"transaction_id":" hole ","external_subscription_id":" hole ","code":"c","timestamp": hole ,"properties":{ … }}
 *
 * Its record in the kernel's memory is that of `src/kernel/assembly/event.ts`.
 */
import { SLACK, type Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { LineSink } from '../../types.ts';
import { HOLE_WORDS, type Hole } from './hole.ts';
import type { FastLine } from './line.ts';

/** Words of a record: before the first hole, and of the text before a hole. */
const HEADER_WORDS = 4;
const TEXT_WORDS = 2;

/** Holes that together with some text make an id. */
export interface IdHoles {
  readonly first: number;
  /** One more than the last one. */
  readonly end: number;
  /** Bytes that the text between them leaves for the holes. */
  readonly maxBytes: number;
}

/** Collects the text and the holes of an event in their order. */
export class EventShape {
  readonly texts: string[] = [''];
  readonly holes: Hole[] = [];

  text(json: string): void {
    this.texts[this.texts.length - 1] += json;
  }

  hole(hole: Hole): void {
    this.holes.push(hole);
    this.texts.push('');
  }
}

export class EventWriter {
  readonly #memory: KernelMemory;
  readonly #holes: readonly Hole[];
  readonly #given: readonly Hole[];
  /** Where it stands in the kernel's memory. */
  readonly record: Address;

  /** @throws OutOfMemoryError */
  constructor(memory: KernelMemory, { texts, holes }: EventShape, ids: readonly [IdHoles, IdHoles]) {
    this.#memory = memory;
    this.#holes = holes;
    this.#given = holes.filter(({ isGiven }) => isGiven);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const idWords = memory.putWords(ids.flatMap(({ first, end, maxBytes }) => [first, end, maxBytes]));
    const textWords = texts.map((text) => [memory.putText(text), Buffer.byteLength(text)]);
    this.record = memory.putWords([
      holes.length,
      bytes,
      idWords,
      0,
      ...textWords.flatMap((words) => [...words, ...Array<number>(HOLE_WORDS).fill(0)]),
    ]);
    for (const [index, hole] of holes.entries()) {
      hole.writeTo(this.record + (HEADER_WORDS + index * (TEXT_WORDS + HOLE_WORDS) + TEXT_WORDS) * 4);
    }
  }

  /** The kernel fills all of its holes, mostly. */
  get isPlain(): boolean {
    return this.#given.length === 0;
  }

  /** Writes the event of a line to `sink`; false when only the plain mapper knows what becomes of the line. */
  write(line: FastLine, sink: LineSink, destination: number): boolean {
    const bytes = this.#fill(line);
    if (bytes < 0) return false;
    const { kernel, buffer, eventRoom } = this.#memory;
    const writer = sink.writer(destination);
    writer.reserve(bytes + SLACK);
    const address = this.#memory.addressOf(writer.buffer);
    if (address !== 0) {
      kernel.write(this.record, address + writer.length);
      writer.length += bytes;
    } else {
      if (!this.#memory.hasEventRoom(bytes)) return false;
      kernel.write(this.record, eventRoom);
      writer.copy(buffer, eventRoom, eventRoom + bytes);
    }
    sink.event(destination);
    return true;
  }

  /** Fills all holes; the bytes of the event, or -1. */
  #fill(line: FastLine): number {
    const { kernel } = this.#memory;
    const given = this.#given;
    for (let i = 0; i < given.length; i++) if (!given[i]!.fill(line)) return -1;
    let bytes = kernel.fill(this.record, 0);
    if (bytes >= 0) return bytes;
    this.#memory.forgetOddValues();
    while (bytes < 0) {
      // Behind the last one: it is the ids that are wrong.
      const hole = this.#holes[-1 - bytes];
      if (hole === undefined || !hole.fill(line)) return -1;
      bytes = kernel.fill(this.record, -bytes);
    }
    return bytes;
  }
}
