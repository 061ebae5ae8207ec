/**
 * The events of one organization, in memory and compact enough for millions: one array per column, one map per
 * subscription. Owns Lago's rule of uniqueness: (subscription, transaction id), the code has no part in it, and
 * events without a subscription never conflict.
 */
import { randomUUID } from 'node:crypto';
import type { NewEvent, SandboxEvent } from './event.ts';

/** Property texts that are shared between equal events; more distinct ones than this are simply kept apart. */
const MAX_SHARED_TEXTS = 10_000;

/** Which events to list; all conditions must hold, both times are inclusive. */
export interface EventFilter {
  readonly externalSubscriptionId?: string;
  readonly code?: string;
  /** Unix milliseconds. */
  readonly from?: number;
  readonly to?: number;
}

export class EventStore {
  // Columns; the index is the row, in order of arrival.
  readonly #transactionIds: string[] = [];
  readonly #subscriptions: (string | null)[] = [];
  readonly #codes: string[] = [];
  readonly #timestamps: number[] = [];
  readonly #properties: string[] = [];
  readonly #createdAt: number[] = [];
  readonly #amounts = new Map<number, string>();

  /** Subscription → transaction id → row. */
  readonly #rows = new Map<string, Map<string, number>>();
  readonly #rowsWithoutSubscription: number[] = [];
  readonly #shared = new Map<string, string>();
  /** The first 24 characters of every id; the row is the rest. */
  readonly #idPrefix = randomUUID().slice(0, 24);
  #waiting: { count: number; resolve: () => void }[] = [];
  #lastQuery: { key: string; size: number; rows: number[] } | undefined;

  /** Number of stored events. */
  get size(): number {
    return this.#transactionIds.length;
  }

  /** Whether an event with this identity is stored. */
  has(externalSubscriptionId: string | null, transactionId: string): boolean {
    return (
      externalSubscriptionId !== null && this.#rows.get(externalSubscriptionId)?.has(transactionId) === true
    );
  }

  /** Stores an event that `has` does not know yet. */
  add(event: NewEvent, createdAtMs: number): SandboxEvent {
    const row = this.#transactionIds.length;
    const subscription =
      event.externalSubscriptionId === null ? null : this.#share(event.externalSubscriptionId);
    if (subscription === null) {
      this.#rowsWithoutSubscription.push(row);
    } else {
      let rows = this.#rows.get(subscription);
      if (rows === undefined) this.#rows.set(subscription, (rows = new Map()));
      rows.set(event.transactionId, row);
    }
    this.#transactionIds.push(event.transactionId);
    this.#subscriptions.push(subscription);
    this.#codes.push(this.#share(event.code));
    this.#timestamps.push(event.timestampMs);
    this.#properties.push(this.#share(event.properties));
    this.#createdAt.push(createdAtMs);
    if (event.preciseTotalAmountCents !== null) this.#amounts.set(row, event.preciseTotalAmountCents);
    if (this.#waiting.length > 0) this.#wake();
    return this.at(row);
  }

  /** Resolves when at least `count` events are stored; rejects with the signal's reason when it aborts first. */
  async reached(count: number, signal?: AbortSignal): Promise<void> {
    if (this.size >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.push({ count, resolve });
    await promise.finally(() => signal?.removeEventListener('abort', abort));
  }

  #wake(): void {
    for (const { count, resolve } of this.#waiting) if (count <= this.size) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count > this.size);
  }

  /** The event in a row below `size`. */
  at(row: number): SandboxEvent {
    const transactionId = this.#transactionIds[row];
    if (transactionId === undefined) throw new RangeError(`no event in row ${row}`);
    return {
      lagoId: this.#idPrefix + row.toString(16).padStart(12, '0'),
      transactionId,
      externalSubscriptionId: this.#subscriptions[row] ?? null,
      code: this.#codes[row] ?? '',
      timestampMs: this.#timestamps[row] ?? 0,
      preciseTotalAmountCents: this.#amounts.get(row) ?? null,
      properties: this.#properties[row] ?? '{}',
      createdAtMs: this.#createdAt[row] ?? 0,
    };
  }

  /** An event with this transaction id, of whichever subscription. */
  find(transactionId: string): SandboxEvent | undefined {
    for (const rows of this.#rows.values()) {
      const row = rows.get(transactionId);
      if (row !== undefined) return this.at(row);
    }
    const row = this.#rowsWithoutSubscription.find((row) => this.#transactionIds[row] === transactionId);
    return row === undefined ? undefined : this.at(row);
  }

  /** The transaction ids in order of arrival: a view, not a copy. */
  transactionIds(): readonly string[] {
    return this.#transactionIds;
  }

  /** Rows that fit, latest timestamp first, then by transaction id. The last answer is kept, so paging is cheap. */
  query(filter: EventFilter): readonly number[] {
    const key = JSON.stringify([filter.externalSubscriptionId, filter.code, filter.from, filter.to]);
    if (this.#lastQuery?.key === key && this.#lastQuery.size === this.size) return this.#lastQuery.rows;
    const rows = [...this.#matching(filter)];
    const [times, ids] = [this.#timestamps, this.#transactionIds];
    rows.sort((a, b) => {
      const later = (times[b] ?? 0) - (times[a] ?? 0);
      if (later !== 0) return later;
      return (ids[a] ?? '') < (ids[b] ?? '') ? -1 : 1;
    });
    this.#lastQuery = { key, size: this.size, rows };
    return rows;
  }

  *#matching({
    externalSubscriptionId,
    code,
    from = -Infinity,
    to = Infinity,
  }: EventFilter): Iterable<number> {
    const candidates =
      externalSubscriptionId === undefined
        ? this.#transactionIds.keys()
        : (this.#rows.get(externalSubscriptionId)?.values() ?? []);
    for (const row of candidates) {
      const timestamp = this.#timestamps[row] ?? 0;
      if (timestamp < from || timestamp > to) continue;
      if (code === undefined || this.#codes[row] === code) yield row;
    }
  }

  /** One string for all equal ones: most events repeat their code, subscription and properties. */
  #share(text: string): string {
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size < MAX_SHARED_TEXTS) this.#shared.set(text, text);
    return text;
  }
}
