/**
 * What a metric makes of the events of one bucket.
 */
import { add, fromCount, isGreater, parseDecimal, ZERO } from './decimal.ts';
import type { Decimal } from './decimal.ts';
import { propertyText } from './fields.ts';
import type { AggregationType } from './resources.ts';

/** Takes the events of one bucket, one by one. */
export interface Aggregation {
  /** Events that counted. */
  readonly events: number;
  units(): Decimal;
  /** `value` is the metric's property of the event, undefined when it has none. */
  take(value: unknown, timestampMs: number): void;
}

class Count implements Aggregation {
  events = 0;

  take(): void {
    this.events++;
  }

  units(): Decimal {
    return fromCount(this.events);
  }
}

class UniqueCount implements Aggregation {
  events = 0;
  readonly #values = new Set<string>();

  take(value: unknown): void {
    const text = propertyText(value);
    if (text === null) return;
    this.events++;
    this.#values.add(text);
  }

  units(): Decimal {
    return fromCount(this.#values.size);
  }
}

/** Values that are no number are left out silently. */
abstract class Numeric implements Aggregation {
  events = 0;
  protected value = ZERO;

  take(value: unknown, timestampMs: number): void {
    const number = numberOf(value);
    if (number === undefined) return;
    this.value = this.fold(number, timestampMs);
    this.events++;
  }

  units(): Decimal {
    return this.value;
  }

  /** The new value; `events` is the number of those before this one. */
  protected abstract fold(number: Decimal, timestampMs: number): Decimal;
}

class Sum extends Numeric {
  protected fold(number: Decimal): Decimal {
    return add(this.value, number);
  }
}

class Maximum extends Numeric {
  protected fold(number: Decimal): Decimal {
    return this.events === 0 || isGreater(number, this.value) ? number : this.value;
  }
}

class Latest extends Numeric {
  #timestampMs = -Infinity;

  protected fold(number: Decimal, timestampMs: number): Decimal {
    if (timestampMs < this.#timestampMs) return this.value;
    this.#timestampMs = timestampMs;
    return number;
  }
}

const CLASSES: Readonly<Record<AggregationType, new () => Aggregation>> = {
  count_agg: Count,
  unique_count_agg: UniqueCount,
  sum_agg: Sum,
  max_agg: Maximum,
  latest_agg: Latest,
};

export function createAggregation(type: AggregationType): Aggregation {
  return new CLASSES[type]();
}

const NUMBER_TEXT = /^-?\d+(\.\d+)?$/;

function numberOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return parseDecimal(String(value));
  return typeof value === 'string' && NUMBER_TEXT.test(value) ? parseDecimal(value) : undefined;
}
