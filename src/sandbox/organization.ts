/**
 * Everything that one API key can see. Organizations share nothing.
 */
import { randomUUID } from 'node:crypto';
import { EventStore } from './event-store.ts';
import type { Customer, Metric, Plan, Subscription } from './resources.ts';

/** What the event endpoints have seen, for tests. */
export interface RequestCounts {
  /** Requests that reached an event endpoint with a valid key, also those that a fault answered. */
  requests: number;
  /** … of which the sandbox stored the events, whether or not the answer got through. */
  accepted: number;
  /** … of which it rejected with a 4xx. */
  rejected: number;
  /** Events reported as `value_already_exist`, counted each time. */
  duplicates: number;
  /** Events of the largest batch. */
  largestBatch: number;
}

export class Organization {
  readonly id = randomUUID();
  readonly name: string;
  readonly createdAtMs: number;
  readonly events = new EventStore();
  readonly counts: RequestCounts = { requests: 0, accepted: 0, rejected: 0, duplicates: 0, largestBatch: 0 };
  /** By code. */
  readonly metrics = new Map<string, Metric>();
  /** By code. */
  readonly plans = new Map<string, Plan>();
  /** By external id. */
  readonly customers = new Map<string, Customer>();
  /** In order of creation, ended ones too. */
  readonly subscriptions: Subscription[] = [];

  constructor(name: string, createdAtMs: number) {
    this.name = name;
    this.createdAtMs = createdAtMs;
  }

  metricById(lagoId: unknown): Metric | undefined {
    return this.metrics.values().find((metric) => metric.lago_id === lagoId);
  }
}
