/**
 * Where events of a batch come from, and where it is told what became of them: a chunk, or events that were copied out of
 * one, so that they need neither its bytes nor its place.
 */
import type { LoadedChunk, Settlement } from '../types.ts';

export interface Delivery {
  readonly loaded: LoadedChunk;
  /** Counts events as settled for good. */
  settle(outcome: keyof Settlement, events: number): void;
  /** Copies events, which are in no other batch: they are settled by what is returned, and not here. */
  setAside(events: Uint32Array): Delivery;
}

/** Copies of some events of a chunk. */
export class PartDelivery implements Delivery {
  readonly loaded: LoadedChunk;
  readonly settle: Delivery['settle'];

  constructor(loaded: LoadedChunk, events: Uint32Array, settle: Delivery['settle']) {
    this.loaded = partOf(loaded, events);
    this.settle = settle;
  }

  setAside(events: Uint32Array): Delivery {
    return new PartDelivery(this.loaded, events, this.settle);
  }
}

function partOf(loaded: LoadedChunk, events: Uint32Array): LoadedChunk {
  const { chunk, source, generation, body, starts, lineOffsets } = loaded;
  const newStarts = new Uint32Array(events.length + 1);
  for (const [i, event] of events.entries()) {
    newStarts[i + 1] = newStarts[i]! + starts[event + 1]! - starts[event]!;
  }
  // Not of the pool, where a few bytes keep a larger piece alive.
  const copy = Buffer.allocUnsafeSlow(newStarts[events.length]!);
  for (const [i, event] of events.entries()) body.copy(copy, newStarts[i], starts[event], starts[event + 1]);
  const newOffsets = Float64Array.from(events, (event) => lineOffsets[event]!);
  return { chunk, source, generation, body: copy, starts: newStarts, lineOffsets: newOffsets };
}
