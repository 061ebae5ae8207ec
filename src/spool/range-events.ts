/** The events of a chunk, made anew from its range of the log. They are right when they are the same, byte for byte. */
import { crc32 } from 'node:zlib';
import type { RangeVisitor } from '../log-range.ts';
import type { Generation, LineMapper, SealedChunk } from '../types.ts';
import { encodeHeader, lineOffsetsOf, type GroupMember } from './chunk-format.ts';
import { identityOf } from './ledger.ts';
import { Trail } from '../mark.ts';
import type { EventBuffer } from './event-buffer.ts';
import { OpenRange } from './open-range.ts';
import type { SpareBuffers } from './spare-buffers.ts';

export interface RangeEventsOptions {
  readonly chunk: SealedChunk;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  /** Maps the lines of a source as when they were read first. */
  readonly mapperOf: (source: string) => LineMapper;
  readonly spare: SpareBuffers;
  /** Unix ms. */
  readonly now: number;
}

export class RangeEvents implements RangeVisitor {
  readonly #o: RangeEventsOptions;
  /** Some log had all of the range. */
  isComplete = false;
  #range: OpenRange | undefined;
  #mapper: LineMapper | undefined;
  #trail: Trail | undefined;

  constructor(options: RangeEventsOptions) {
    this.#o = options;
  }

  begin(source: string, generation: Generation): void {
    const { chunk, mapperOf, now, spare } = this.#o;
    this.recycle();
    this.#mapper = mapperOf(source);
    this.#range = new OpenRange(source, generation, chunk.from, now, spare, chunk.limits);
    this.#trail = new Trail(chunk.from);
  }

  lines(bytes: Buffer, offset: number): void {
    const range = this.#begun();
    const place = { generation: range.generation, offset };
    for (let start = 0; start < bytes.length;) {
      const end = this.#mapper!.lineEnd(bytes, start);
      place.offset = offset + start;
      range.begin(bytes, start, end, place.offset, false);
      const outcome = this.#mapper!.map(bytes, start, end, place, range);
      range.counts.lines++;
      range.counts[outcome]++;
      start = end + 1;
    }
    this.#trail!.follow(bytes, offset, offset + bytes.length);
    // Their dead letters were written when they were read first.
    range.failures.length = 0;
  }

  oversize(): void {
    const { counts } = this.#begun();
    counts.lines++;
    counts.dead++;
  }

  isRight(): boolean {
    this.isComplete = true;
    const { chunk } = this.#o;
    const events = this.#events();
    return events?.events === chunk.events && crc32(events.whole) === chunk.checksum;
  }

  /** The bytes of the chunk's file. They are valid until `recycle`. */
  file(): readonly [header: Buffer, body: Buffer] {
    const { chunk, destinations, now } = this.#o;
    const { source, generation, parts, counts } = this.#begun();
    // Of a range that ends with a line that is too long there is none.
    const mark = this.#trail?.end === chunk.to ? this.#trail.mark() : undefined;
    const events = this.#events();
    if (events === undefined) throw new Error('a range without the events of its chunk');
    const { whole: body, lines } = events;
    const group = destinations.filter((_, number) => (parts[number]?.events ?? 0) > 0);
    const first = chunk.sequence - group.indexOf(chunk.destination);
    const header = encodeHeader(
      {
        sequence: chunk.sequence,
        destination: chunk.destination,
        group: group.map((destination, place): GroupMember => [destination, first + place]),
        source,
        generation: identityOf(generation),
        from: chunk.from,
        to: chunk.to,
        mark,
        counts,
        ...(chunk.limits !== undefined && { plausible: chunk.limits }),
        events: chunk.events,
        created: new Date(now).toISOString(),
        body_bytes: body.length,
        line_offsets: lineOffsetsOf(lines, chunk.from),
      },
      chunk.checksum,
    );
    return [header, body];
  }

  /** Gives its memory back. */
  recycle(): void {
    this.#range?.recycle();
    this.#range = undefined;
  }

  #events(): EventBuffer | undefined {
    const { chunk, destinations } = this.#o;
    return this.#begun().parts[destinations.indexOf(chunk.destination)];
  }

  #begun(): OpenRange {
    if (this.#range === undefined) throw new Error('a range that has not begun');
    return this.#range;
  }
}
