/**
 * Chunks that were sealed just now and are still in memory, so that a shipper that keeps up need not read them back.
 * Only durable chunks come here, and their files are what counts: whoever is not here is read from disk.
 *
 *   sealed ─▶ kept ─▶ taken (once) ─▶ settled: the buffer is used for another chunk
 *
 * What a shipper that does not keep up leaves here stays within `MOST_BYTES`.
 */
import type { LoadedChunk, SealedChunk } from '../types.ts';
import { identityOf } from './ledger.ts';
import type { OpenPart, OpenRange } from './open-range.ts';
import type { SpareWriters } from './spare-writers.ts';

/** Of the buffers of all chunks that are kept, taken ones included. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Kept {
  readonly chunk: SealedChunk;
  readonly range: OpenRange;
  readonly part: OpenPart;
  taken: boolean;
}

export class FreshChunks {
  readonly #spare: SpareWriters;
  /** By number. */
  readonly #kept = new Map<number, Kept>();
  #bytes = 0;

  constructor(spare: SpareWriters) {
    this.#spare = spare;
  }

  /** Takes the part over from its range, if there is room. */
  keep(chunk: SealedChunk, range: OpenRange, part: OpenPart): void {
    const bytes = part.body.buffer.length;
    if (this.#bytes + bytes > MOST_BYTES) return;
    this.#bytes += bytes;
    range.handOver(part);
    this.#kept.set(chunk.sequence, { chunk, range, part, taken: false });
  }

  /** The chunk as it would be read; undefined when it has to be. The bytes belong to the caller until `release`. */
  take(sequence: number): LoadedChunk | undefined {
    const kept = this.#kept.get(sequence);
    // Whoever had the bytes before may have changed them.
    if (kept === undefined || kept.taken) return undefined;
    kept.taken = true;
    const { chunk, range, part } = kept;
    const starts = new Uint32Array(part.events + 1);
    starts.set(part.ends, 1);
    const lineOffsets = new Float64Array(part.events);
    let lineOffset = range.from;
    for (let i = 0; i < part.events; i++) lineOffsets[i] = lineOffset += part.lineOffsets[i]!;
    const body = part.body.buffer.subarray(0, part.committed);
    return {
      chunk,
      source: range.source,
      generation: identityOf(range.generation),
      body,
      starts,
      lineOffsets,
    };
  }

  /** The chunk is settled: nobody asks for it or looks at its bytes any more. */
  release(sequence: number): void {
    const kept = this.#kept.get(sequence);
    if (kept === undefined) return;
    this.#kept.delete(sequence);
    this.#bytes -= kept.part.body.buffer.length;
    this.#spare.giveBack(kept.part.body);
  }
}
