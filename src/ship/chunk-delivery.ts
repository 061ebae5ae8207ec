/**
 * The delivery of one chunk: which of its events have been put into batches, and how those that are done were
 * settled. Only in memory: after a crash the chunk is delivered again, and Lago tells what it has already.
 */
import type { LoadedChunk, Settlement } from '../types.ts';
import { Batch } from './batch.ts';
import { PartDelivery } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { TransactionIds } from './transaction-ids.ts';
import type { BatchIds } from './transaction-ids.ts';

/** Each is called once at most. */
export interface DeliveryEnd {
  /** Every event is settled. */
  settled(delivery: ChunkDelivery): void;
  /** What is not settled was set aside: from here on the chunk's bytes and its place are not needed. */
  left?(delivery: ChunkDelivery): void;
}

const NOTHING = Buffer.alloc(0);

export class ChunkDelivery implements Delivery {
  readonly settlement: Settlement = { delivered: 0, duplicates: 0, dead: 0 };
  readonly #end: DeliveryEnd;
  #loaded: LoadedChunk;
  #ids: TransactionIds | undefined;
  /** Events from here on have not been looked at. */
  #next = 0;
  /** Events that were passed over because their id was in the batch already. */
  #deferred: number[] = [];
  /** Events that are sent apart, in order … */
  readonly #large: readonly number[];
  /** … how many of them have been passed over … */
  #passedOver = 0;
  /** … and those that have been, and are in no batch yet. */
  #apart: number[] = [];
  /** Events that were set aside and are not settled. */
  #aside = 0;
  #hasLeft = false;

  /** @param largeBytes events of more are sent in batches of their own */
  constructor(loaded: LoadedChunk, end: DeliveryEnd, largeBytes = Number.POSITIVE_INFINITY) {
    this.#loaded = loaded;
    this.#end = end;
    this.#ids = new TransactionIds(loaded);
    this.#large = largeOf(loaded, largeBytes);
  }

  get loaded(): LoadedChunk {
    return this.#loaded;
  }

  /** Events that are in no batch yet. */
  get unsent(): number {
    return this.#loaded.starts.length - 1 - this.#next + this.#deferred.length + this.#apart.length;
  }

  /**
   * The next batch: in the order of the chunk, except that an event whose id is in the batch already waits for the
   * next one, and a large one until there are no others.
   * @param most events
   * @param mostBytes of the body; a single event may be larger
   */
  nextBatch(most: number, mostBytes: number, inBatch: BatchIds): Batch | undefined {
    const { starts } = this.loaded;
    const count = starts.length - 1;
    const chosen = new Uint32Array(Math.min(most, this.unsent));
    let size = 0;
    let bytes = 0;
    inBatch.begin(this.#ids!);

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

    /** @returns those that were not taken */
    const takeOf = (waiting: number[]): number[] =>
      waiting.filter((event) => fitting(event, event + 1) === 0 || take(event, event + 1) === event);

    if (this.#deferred.length > 0) this.#deferred = takeOf(this.#deferred);
    for (;;) {
      const nextLarge = this.#passOver(count);
      const end = this.#next + fitting(this.#next, nextLarge);
      if (end === this.#next) break;
      this.#next = take(this.#next, end);
      if (this.#next < end) this.#deferred.push(this.#next++);
    }
    const isLarge = size === 0 && this.#apart.length > 0;
    if (isLarge) this.#apart = takeOf(this.#apart);
    if (size === 0) return undefined;
    const batch = new Batch(this, size === chosen.length ? chosen : chosen.subarray(0, size));
    batch.isLarge = isLarge;
    return batch;
  }

  /** Passes over large events. @returns where the next one is, or `count` */
  #passOver(count: number): number {
    while (this.#large[this.#passedOver] === this.#next) {
      this.#passedOver++;
      this.#apart.push(this.#next++);
    }
    return this.#large[this.#passedOver] ?? count;
  }

  setAside(events: Uint32Array): Delivery {
    const part = new PartDelivery(this.#loaded, events, (outcome, settled) => {
      this.#aside -= settled;
      this.settle(outcome, settled);
    });
    this.#aside += events.length;
    this.#leaveIfDone();
    return part;
  }

  /** Counts events as settled for good. */
  settle(outcome: keyof Settlement, events: number): void {
    if (events === 0) return;
    this.settlement[outcome] += events;
    const { delivered, duplicates, dead } = this.settlement;
    const settled = delivered + duplicates + dead;
    const { chunk } = this.#loaded;
    if (settled > chunk.events) throw new Error(`an event of ${chunk.file} was settled twice`);
    if (settled === chunk.events) this.#end.settled(this);
    else this.#leaveIfDone();
  }

  #leaveIfDone(): void {
    const { delivered, duplicates, dead } = this.settlement;
    const others = this.#loaded.chunk.events - delivered - duplicates - dead - this.#aside;
    if (this.#hasLeft || this.#aside === 0 || others > 0) return;
    this.#hasLeft = true;
    this.#ids = undefined;
    const { chunk, source, generation } = this.#loaded;
    const [starts, lineOffsets] = [new Uint32Array(1), new Float64Array(0)];
    this.#loaded = { chunk, source, generation, body: NOTHING, starts, lineOffsets };
    this.#next = 0;
    this.#end.left?.(this);
  }
}

/** Sizes without the newline. */
function largeOf({ starts }: LoadedChunk, mostBytes: number): readonly number[] {
  const large: number[] = [];
  for (let event = 0; event < starts.length - 1; event++) {
    if (starts[event + 1]! - starts[event]! - 1 > mostBytes) large.push(event);
  }
  return large;
}
