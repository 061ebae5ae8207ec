/**
 * What a parsed line is: an object of JSON values whose numbers keep the form in which the log wrote them.
 * Everything downstream reads values through the functions of `map/values.ts`.
 */

/** A number that JavaScript would print differently: `1.10`, `1.5e-05`, an integer beyond 2^53. */
export class WrittenNumber {
  /** As it stands in the log; valid JSON. */
  readonly source: string;
  /** The nearest double; infinite when the source is out of range. */
  readonly value: number;

  constructor(source: string, value: number) {
    this.source = source;
    this.value = value;
  }
}

/** A plain `number` always prints as it was written; the others are `WrittenNumber`s. */
export type FieldValue = string | number | boolean | null | WrittenNumber | readonly FieldValue[] | Fields;

/** One line's fields. May have own keys such as `__proto__`: look up with `own`. */
export interface Fields {
  readonly [key: string]: FieldValue;
}

/** The value of an own key; undefined when there is none, or when it is null. */
export function own(fields: Fields | readonly FieldValue[], key: string): FieldValue | undefined {
  return Object.hasOwn(fields, key) ? ((fields as Fields)[key] ?? undefined) : undefined;
}

export function isFields(value: FieldValue | undefined): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
  );
}
