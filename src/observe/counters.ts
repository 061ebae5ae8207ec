import type { TelemetryEvent } from './events.ts';
import type { EventName } from './messages.ts';

/** How often a kind of event has happened since the start, and for which reasons where it has one. */
export interface EventCount {
  readonly total: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** Counts every telemetry event, also those that the log leaves out. In memory, from zero at each start. */
export class EventCounters {
  readonly #totals = new Map<EventName, number>();
  readonly #reasons = new Map<EventName, Map<string, number>>();

  count(event: TelemetryEvent): void {
    increment(this.#totals, event.event);
    if (!('reason' in event)) return;
    let reasons = this.#reasons.get(event.event);
    if (reasons === undefined) this.#reasons.set(event.event, (reasons = new Map()));
    increment(reasons, event.reason);
  }

  total(name: EventName): number {
    return this.#totals.get(name) ?? 0;
  }

  /** A copy, with only the kinds that have happened. */
  snapshot(): Partial<Record<EventName, EventCount>> {
    const counts: Partial<Record<EventName, EventCount>> = {};
    for (const [name, total] of this.#totals) {
      counts[name] = { total, reasons: Object.fromEntries(this.#reasons.get(name) ?? []) };
    }
    return counts;
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
