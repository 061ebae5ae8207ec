/**
 * The delivery of one chunk: which of its events have been put into batches, and how those that are done were
 * settled. Only in memory: after a crash the chunk is delivered again, and Lago tells what it has already.
 */
import type { LoadedChunk, Settlement } from '../types.ts';
import { Batch } from './batch.ts';
import { TransactionIds } from './transaction-ids.ts';
import type { BatchIds } from './transaction-ids.ts';

export class ChunkDelivery {
  readonly loaded: LoadedChunk;
  readonly settlement: Settlement = { delivered: 0, duplicates: 0, dead: 0 };
  readonly #ids: TransactionIds;
  readonly #onSettled: (delivery: ChunkDelivery) => void;
  /** Events from here on have not been looked at. */
  #next = 0;
  /** Events that were passed over because their id was in the batch already. */
  #deferred: number[] = [];

  /** @param onSettled called once, when every event is settled */
  constructor(loaded: LoadedChunk, onSettled: (delivery: ChunkDelivery) => void) {
    this.loaded = loaded;
    this.#onSettled = onSettled;
    this.#ids = new TransactionIds(loaded);
  }

  /** Events that are in no batch yet. */
  get unsent(): number {
    return this.loaded.starts.length - 1 - this.#next + this.#deferred.length;
  }

  /**
   * The next batch: in the order of the chunk, except that an event whose id is in the batch already waits for the
   * next one.
   * @param most events
   * @param mostBytes of the body; a single event may be larger
   */
  nextBatch(most: number, mostBytes: number, inBatch: BatchIds): Batch | undefined {
    const { starts } = this.loaded;
    const count = starts.length - 1;
    const chosen = new Uint32Array(Math.min(most, this.unsent));
    let size = 0;
    let bytes = 0;
    inBatch.begin(this.#ids);

    const take = (event: number): boolean => {
      if (!inBatch.add(event)) return false;
      chosen[size++] = event;
      bytes += starts[event + 1]! - starts[event]!;
      return true;
    };
    const fits = (event: number): boolean =>
      size === 0 || (size < most && bytes + starts[event + 1]! - starts[event]! <= mostBytes);

    if (this.#deferred.length > 0) {
      this.#deferred = this.#deferred.filter((event) => !fits(event) || !take(event));
    }
    while (this.#next < count && fits(this.#next)) {
      if (!take(this.#next)) this.#deferred.push(this.#next);
      this.#next++;
    }
    return size === 0 ? undefined : new Batch(this, chosen.subarray(0, size));
  }

  /** Counts events as settled for good. */
  settle(outcome: keyof Settlement, events: number): void {
    if (events === 0) return;
    this.settlement[outcome] += events;
    const { delivered, duplicates, dead } = this.settlement;
    const settled = delivered + duplicates + dead;
    if (settled > this.loaded.chunk.events)
      throw new Error(`an event of ${this.loaded.chunk.file} was settled twice`);
    if (settled === this.loaded.chunk.events) this.#onSettled(this);
  }
}
