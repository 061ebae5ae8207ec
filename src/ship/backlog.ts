/**
 * What is ready to be sent: chunks with events in no batch yet, oldest first, and batches that come back to be sent
 * again. It only orders; every event in it belongs to exactly one of both.
 */
import type { Batch } from './batch.ts';
import type { ChunkDelivery } from './chunk-delivery.ts';
import { BatchIds } from './transaction-ids.ts';

export class Backlog {
  /** The most events, and bytes, of a batch: what the server turned out to take. A single event may be larger. */
  #mostEvents: number;
  #mostBytes = Number.POSITIVE_INFINITY;
  readonly #inBatch: BatchIds;
  readonly #fresh: ChunkDelivery[] = [];
  readonly #returned: Batch[] = [];
  #events = 0;

  constructor(mostEvents: number) {
    this.#mostEvents = mostEvents;
    this.#inBatch = new BatchIds(mostEvents);
  }

  get mostEvents(): number {
    return this.#mostEvents;
  }

  /** @returns whether that is less than before */
  lowerEvents(most: number): boolean {
    if (most >= this.#mostEvents) return false;
    this.#mostEvents = most;
    return true;
  }

  lowerBytes(most: number): void {
    this.#mostBytes = Math.min(this.#mostBytes, most);
  }

  /** Events that are ready. */
  get events(): number {
    return this.#events;
  }

  add(delivery: ChunkDelivery): void {
    this.#fresh.push(delivery);
    this.#events += delivery.unsent;
  }

  /** To be sent before everything else: a part of what was just refused. */
  giveBackFirst(batch: Batch): void {
    this.#returned.unshift(batch);
    this.#events += batch.events.length;
  }

  /** To be sent after what came back before it. */
  giveBack(batch: Batch): void {
    this.#returned.push(batch);
    this.#events += batch.events.length;
  }

  /**
   * The next batch to send, or undefined when nothing is ready. Batches that came back go first, since they hold
   * their chunks up; but a probe is better not one that failed before, or one bad batch could keep a breaker open.
   */
  take(probe: boolean): Batch | undefined {
    const batch = probe
      ? (this.#takeFresh() ?? this.#takeReturned())
      : (this.#takeReturned() ?? this.#takeFresh());
    if (batch !== undefined) this.#events -= batch.events.length;
    return batch;
  }

  #takeReturned(): Batch | undefined {
    const batch = this.#returned.shift();
    if (batch === undefined || batch.events.length <= this.#mostEvents) return batch;
    const [first, rest] = batch.divide(this.#mostEvents, false);
    this.#returned.unshift(rest);
    return first;
  }

  #takeFresh(): Batch | undefined {
    const delivery = this.#fresh[0];
    if (delivery === undefined) return undefined;
    const batch = delivery.nextBatch(this.#mostEvents, this.#mostBytes, this.#inBatch);
    if (delivery.unsent === 0) this.#fresh.shift();
    return batch;
  }
}
