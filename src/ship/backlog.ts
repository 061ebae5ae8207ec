/**
 * What is ready to be sent: chunks with events in no batch yet, oldest first, and batches that come back to be sent
 * again, then suspects. It only orders; every event in it belongs to exactly one of these.
 */
import type { Batch } from './batch.ts';
import type { ChunkDelivery } from './chunk-delivery.ts';
import { SizeLimit } from './size-limit.ts';
import { isContrasted } from './suspicion.ts';
import type { Suspects } from './suspects.ts';
import { BatchIds } from './transaction-ids.ts';

/** No batch of ours is larger. */
const UNLIMITED_BYTES = 16 * 1024 * 1024;

export class Backlog {
  /** The most events, and bytes, of a batch: what the server turned out to take. A single event may be larger. */
  readonly #mostEvents: SizeLimit;
  readonly #mostBytes = new SizeLimit(Number.POSITIVE_INFINITY, UNLIMITED_BYTES);
  readonly #inBatch: BatchIds;
  readonly #fresh: ChunkDelivery[] = [];
  readonly #returned: Batch[] = [];
  readonly suspects: Suspects;
  #events = 0;

  constructor(mostEvents: number, suspects: Suspects) {
    this.suspects = suspects;
    this.#mostEvents = new SizeLimit(mostEvents);
    this.#inBatch = new BatchIds(mostEvents);
  }

  get mostEvents(): number {
    return this.#mostEvents.current;
  }

  /** @returns whether that is news */
  lowerEvents(most: number): boolean {
    return this.#mostEvents.lower(most);
  }

  lowerBytes(most: number): void {
    this.#mostBytes.lower(most);
  }

  /** A batch got through: in time that raises what was lowered. */
  passed(batch: Batch): void {
    if (this.#mostEvents.isLowered) this.#mostEvents.passed(batch.events.length);
    if (this.#mostBytes.isLowered) this.#mostBytes.passed(batch.bytes);
  }

  /** A batch was cut off without an answer, which may be for its size. */
  cutOff(batch: Batch): void {
    this.#mostBytes.failed(batch.bytes);
  }

  /** Nothing can be sent now. */
  get isEmpty(): boolean {
    return this.#events === 0 && !this.suspects.hasReady;
  }

  /** There are events that were never sent. */
  get hasFresh(): boolean {
    return this.#fresh.length > 0;
  }

  /** Events that are ready, without suspects. */
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
   * their chunks up; but a probe is better not one that failed before, or one bad batch could keep a breaker open: it is a
   * suspect only where there is nothing else.
   * @param most events, where fewer are wanted than a batch has otherwise
   */
  take(probe: boolean, most = Number.POSITIVE_INFINITY): Batch | undefined {
    const { suspects } = this;
    const size = Math.min(most, this.#mostEvents.current);
    if (!probe) {
      this.#suspectContrasted();
      const suspect = suspects.take(this.#events > 0);
      if (suspect !== undefined) return suspect;
    }
    const batch = probe
      ? (this.#takeFresh(size) ?? this.#takeReturned(size, true))
      : (this.#takeReturned(size, false) ?? this.#takeFresh(size));
    if (batch === undefined) return suspects.take(false);
    suspects.othersSent(batch);
    this.#events -= batch.events.length;
    return batch;
  }

  /** What was refused as if everything were, and was not, goes behind all others. */
  #suspectContrasted(): void {
    for (let first; (first = this.#returned[0]) !== undefined;) {
      const { refusal } = first;
      if (refusal === undefined || !isContrasted(refusal)) return;
      if (!this.suspects.add(first, refusal, false)) return;
      this.#returned.shift();
      this.#events -= first.events.length;
    }
  }

  /** @param last the one that came back last, or behind all others */
  #takeReturned(size: number, last: boolean): Batch | undefined {
    const batch = last ? this.#returned.pop() : this.#returned.shift();
    if (batch === undefined) return undefined;
    const { length } = batch.events;
    const share = batch.bytes > this.#mostBytes.current ? this.#mostBytes.current / batch.bytes : 1;
    const fitting = Math.max(1, Math.min(size, Math.floor(length * share)));
    if (length <= fitting) return batch;
    const [first, rest] = batch.divide(fitting, false);
    if (last) this.#returned.push(rest);
    else this.#returned.unshift(rest);
    return first;
  }

  #takeFresh(size: number): Batch | undefined {
    const delivery = this.#fresh[0];
    if (delivery === undefined) return undefined;
    const batch = delivery.nextBatch(size, this.#mostBytes.current, this.#inBatch);
    if (delivery.unsent === 0) this.#fresh.shift();
    return batch;
  }
}
