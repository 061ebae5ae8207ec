/**
 * Chunks that were sealed just now and are still in memory, so that a shipper that keeps up need not read them back.
 * Only durable chunks come here, and their files are what counts: whoever is not here is read from disk.
 *
 *   sealed ─▶ kept ─▶ taken (once) ─▶ settled: the buffer is used for another chunk
 *
 * What a shipper that does not keep up leaves here is bounded. One that nearly does is waited for, a
 * little: as long as chunks are settled one after the other, reading on would only mean to read chunks back from the
 * disk (measured: half of them, and a tenth of all CPU time).
 */
import type { Clock, LoadedChunk, SealedChunk } from '../types.ts';
import { identityOf } from './ledger.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { OpenRange } from './open-range.ts';
import type { SpareBuffers } from './spare-buffers.ts';

/** Of the buffers of all chunks that are kept, taken ones included … */
const MOST_BYTES = 10 * 1024 * 1024;
/** … and of their events: four full chunks. */
const MOST_EVENTS = 16_000;
/** So many events, three full chunks and a half, keep the shipper busy while one more is filled: it is waited for … */
const CROWD_EVENTS = 14_000;
/** … and so it is when their chunks are small, but so many that there will be no room for more. */
const CROWD_CHUNKS = 7;
/** So long, each time. Far more events can be sealed in it than any gateway writes. */
const PATIENCE_MS = 20;

interface Kept {
  readonly chunk: SealedChunk;
  readonly range: OpenRange;
  readonly part: EventBuffer;
  taken: boolean;
}

export class FreshChunks {
  readonly #spare: SpareBuffers;
  /** By number. */
  readonly #kept = new Map<number, Kept>();
  readonly #clock: Clock;
  #bytes = 0;
  #events = 0;
  /** A chunk was settled since somebody waited for it in vain. */
  #moving = false;
  #released = Promise.withResolvers<boolean>();

  constructor(spare: SpareBuffers, clock: Clock) {
    this.#spare = spare;
    this.#clock = clock;
  }

  /** There will be room in a moment. @param sealing ranges that are on their way here */
  isCrowded(sealing: Iterable<OpenRange>): boolean {
    if (!this.#moving) return false;
    let chunks = this.#kept.size;
    let events = this.#events;
    for (const { parts } of sealing) {
      for (const part of parts) {
        if (part === undefined) continue;
        chunks++;
        events += part.events;
      }
    }
    return events >= CROWD_EVENTS || chunks >= CROWD_CHUNKS;
  }

  /** Resolves when a chunk is settled, or that takes too long: then it is not crowded any more. */
  async roomier(signal: AbortSignal): Promise<void> {
    const { promise } = this.#released;
    const patience = this.#clock.sleep(PATIENCE_MS, signal).then(() => false);
    if (!(await Promise.race([promise, patience]))) this.#moving = false;
  }

  /** Takes the part over from its range, if there is room. */
  keep(chunk: SealedChunk, range: OpenRange, part: EventBuffer): void {
    const { capacity, events } = part;
    if (this.#bytes + capacity > MOST_BYTES || this.#events + events > MOST_EVENTS) return;
    this.#bytes += capacity;
    this.#events += events;
    range.handOver(part);
    this.#kept.set(chunk.sequence, { chunk, range, part, taken: false });
  }

  /** The chunk as it would be read; undefined when it has to be. The bytes belong to the caller until `release`. */
  take(sequence: number): LoadedChunk | undefined {
    const kept = this.#kept.get(sequence);
    if (kept === undefined || kept.taken) return undefined;
    kept.taken = true;
    const { chunk, range, part } = kept;
    return {
      chunk,
      source: range.source,
      generation: identityOf(range.generation),
      body: part.whole,
      starts: part.starts,
      lineOffsets: part.lines,
      idHashes: part.idHashes,
    };
  }

  /** The chunk is settled: nobody asks for it or looks at its bytes any more. */
  release(sequence: number): void {
    const kept = this.#kept.get(sequence);
    if (kept === undefined) return;
    this.#kept.delete(sequence);
    this.#bytes -= kept.part.capacity;
    this.#events -= kept.part.events;
    this.#spare.giveBack(kept.part);
    this.#moving = true;
    this.#released.resolve(true);
    this.#released = Promise.withResolvers();
  }
}
