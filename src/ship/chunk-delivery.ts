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

    /** How many from `event` on fit, of those before `end`. A single event may be larger. */
    const fitting = (event: number, end: number): number => {
      const limit = Math.min(end, event + most - size);
      if (bytes + starts[limit]! - starts[event]! <= mostBytes) return limit - event;
      let next = size === 0 ? event + 1 : event;
      while (bytes + starts[next + 1]! - starts[event]! <= mostBytes) next++;
      return next - event;
    };
    /** Takes neighbours until one has an id that is in the batch already. @returns that one, or `end` */
    const take = (event: number, end: number): number => {
      const next = inBatch.add(event, end);
      bytes += starts[next]! - starts[event]!;
      for (let taken = event; taken < next; taken++) chosen[size++] = taken;
      return next;
    };

    if (this.#deferred.length > 0) {
      this.#deferred = this.#deferred.filter(
        (event) => fitting(event, event + 1) === 0 || take(event, event + 1) === event,
      );
    }
    for (let more; (more = fitting(this.#next, count)) > 0;) {
      const end = this.#next + more;
      this.#next = take(this.#next, end);
      if (this.#next < end) this.#deferred.push(this.#next++);
    }
    if (size === 0) return undefined;
    return new Batch(this, size === chosen.length ? chosen : chosen.subarray(0, size));
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
