/** How a field's value reads as text, as JSON and as a number. The same for templates, filters and properties. */
import { WrittenNumber } from '../parse/fields.ts';
import type { FieldValue } from '../parse/fields.ts';

/** A value from the line; undefined is missing (and so is null). */
export type Value = FieldValue | undefined;

/** As text: numbers as they are written, booleans as JSON, objects and arrays as compact JSON, missing as ''. */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return toJson(value);
}

/** Compact JSON with numbers as they are written. */
export function toJson(value: FieldValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof WrittenNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`);
  return `{${members.join(',')}}`;
}

const UNSTORABLE = /[\0\p{Cs}]/u;

/**
 * A JSON string that Lago's database can hold: NUL and lone surrogates, which PostgreSQL refuses with a lasting
 * error 500, become U+FFFD.
 */
export function quote(text: string): string {
  return JSON.stringify(UNSTORABLE.test(text) ? text.toWellFormed().replaceAll('\0', '\ufffd') : text);
}

/** JSON of an event's property: scalars keep their type; missing is '', objects and arrays are their JSON as text. */
export function toProperty(value: Value): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  // A number out of the range of a double would be an infinity at Lago.
  if (value instanceof WrittenNumber && Number.isFinite(value.value)) return value.source;
  return quote(toText(value));
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)(0[xX][\dA-Fa-f]+)$/;

/** The number that Lua's `tonumber` sees: of numbers, decimal and hexadecimal text; NaN for anything else. */
export function toNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (value instanceof WrittenNumber) return value.value;
  if (typeof value !== 'string') return NaN;
  const text = value.trim();
  if (DECIMAL.test(text)) return Number(text);
  const [, sign, digits] = HEXADECIMAL.exec(text) ?? [];
  return digits === undefined ? NaN : Number(digits) * (sign === '-' ? -1 : 1);
}

export function isNumber(value: Value): boolean {
  return typeof value === 'number' || value instanceof WrittenNumber;
}
