/**
 * Which price an event has: the most specific filter of a charge that its properties match.
 */
import { propertyText } from './fields.ts';
import type { Charge, Metric } from './resources.ts';

export const ALL_FILTER_VALUES = '__ALL_FILTER_VALUES__';

interface CompiledFilter {
  /** Index in `charge.filters`. */
  readonly index: number;
  readonly conditions: readonly { readonly key: string; readonly values: ReadonlySet<string> }[];
  /** Number of value combinations that it accepts: fewer is more specific. */
  readonly breadth: number;
}

/** Returns the index of the filter that applies, or `charge.filters.length` for the default price. */
export type FilterMatcher = (properties: Readonly<Record<string, unknown>>) => number;

/** More keys win, then fewer values, then the filter that was given first. */
export function compileFilters(charge: Charge, metric: Metric): FilterMatcher {
  const known = new Map(metric.filters.map(({ key, values }) => [key, values]));
  const compiled: CompiledFilter[] = charge.filters.map((filter, index) => {
    const conditions = Object.entries(filter.values).map(([key, values]) => ({
      key,
      values: new Set(values.length === 1 && values[0] === ALL_FILTER_VALUES ? known.get(key) : values),
    }));
    return {
      index,
      conditions,
      breadth: conditions.reduce((product, { values }) => product * values.size, 1),
    };
  });
  compiled.sort(
    (a, b) => b.conditions.length - a.conditions.length || a.breadth - b.breadth || a.index - b.index,
  );
  return (properties) =>
    compiled.find((filter) => matches(filter, properties))?.index ?? charge.filters.length;
}

function matches({ conditions }: CompiledFilter, properties: Readonly<Record<string, unknown>>): boolean {
  return conditions.every(({ key, values }) => {
    const value = Object.hasOwn(properties, key) ? propertyText(properties[key]) : null;
    return value !== null && values.has(value);
  });
}
