/**
 * What a test may ask of a sandbox without going through HTTP.
 */
import type { SandboxEvent } from './event.ts';
import type { Organization, RequestCounts } from './organization.ts';

/** Read-only view of what one organization has received. */
export interface SandboxStore {
  /** Number of stored events. */
  readonly size: number;
  /** In order of arrival: a live view, not a copy. */
  transactionIds(): readonly string[];
  /** The stored events, in order of arrival. */
  events(): Iterable<SandboxEvent>;
  /** Whether this id is stored for the subscription. */
  has(externalSubscriptionId: string, transactionId: string): boolean;
  /** A snapshot. */
  counts(): Readonly<RequestCounts>;
  /** Resolves when at least `count` events are stored; rejects when `signal` aborts first. */
  stored(count: number, signal?: AbortSignal): Promise<void>;
}

export function openStore(organization: Organization): SandboxStore {
  const { events, counts } = organization;
  return {
    get size() {
      return events.size;
    },
    transactionIds: () => events.transactionIds(),
    *events() {
      for (let row = 0; row < events.size; row++) yield events.at(row);
    },
    has: (externalSubscriptionId, transactionId) => events.has(externalSubscriptionId, transactionId),
    counts: () => ({ ...counts }),
    stored: (count, signal) => events.reached(count, signal),
  };
}
