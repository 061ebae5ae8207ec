/**
 * Takes events in, as Lago does with its Postgres store: a batch is stored as a whole or not at all.
 */
import { invalid } from './errors.ts';
import type { FieldErrors } from './errors.ts';
import { eventJson, readEvent } from './event.ts';
import type { NewEvent } from './event.ts';
import type { EventStore } from './event-store.ts';
import { isFields, required } from './fields.ts';
import type { Organization } from './organization.ts';

const DUPLICATE: FieldErrors = { transaction_id: ['value_already_exist'] };

/** Stores the event of `{"event":{…}}` and returns the answer as JSON. */
export function ingestEvent(organization: Organization, body: unknown, nowMs: number): string {
  const { event, errors } = readEvent(required(body, 'event'), nowMs);
  if (errors !== undefined) throw invalid(errors);
  if (organization.events.has(event.externalSubscriptionId, event.transactionId)) {
    organization.counts.duplicates++;
    throw invalid(DUPLICATE);
  }
  return `{"event":${eventJson(organization.events.add(event, nowMs))}}`;
}

/** Stores the events of `{"events":[…]}`, or none of them, and returns the answer as JSON. */
export function ingestBatch(
  organization: Organization,
  body: unknown,
  maxLength: number,
  nowMs: number,
): string {
  const given = isFields(body) && Array.isArray(body['events']) ? body['events'].filter(isFields) : [];
  if (given.length === 0) throw invalid({ events: ['no_events'] });
  if (given.length > maxLength) throw invalid({ events: ['too_many_events'] });
  const { counts, events: store } = organization;
  counts.largestBatch = Math.max(counts.largestBatch, given.length);

  const events: NewEvent[] = [];
  const malformed: Record<string, FieldErrors> = {};
  for (const [index, fields] of given.entries()) {
    const { event, errors } = readEvent(fields, nowMs);
    if (errors === undefined) events.push(event);
    else malformed[index] = errors;
  }
  if (events.length < given.length) throw invalid(malformed);

  const duplicates = findDuplicates(events, store);
  if (duplicates.length > 0) {
    counts.duplicates += duplicates.length;
    throw invalid(Object.fromEntries(duplicates.map((index) => [index, DUPLICATE])));
  }
  return `{"events":[${events.map((event) => eventJson(store.add(event, nowMs))).join(',')}]}`;
}

/**
 * Indexes that Lago would report as duplicates. It inserts what does not conflict, then looks for each event among
 * the inserted rows by transaction id alone, every row once. So of two new events with one id, also for different
 * subscriptions, the later one is reported; and a new event takes the blame for an earlier one with the same id
 * that another subscription has already.
 */
function findDuplicates(events: readonly NewEvent[], store: EventStore): number[] {
  const inserted = new Set<string>();
  for (const { transactionId, externalSubscriptionId } of events) {
    if (!store.has(externalSubscriptionId, transactionId)) inserted.add(transactionId);
  }
  const duplicates: number[] = [];
  for (const [index, { transactionId }] of events.entries()) {
    if (!inserted.delete(transactionId)) duplicates.push(index);
  }
  return duplicates;
}
