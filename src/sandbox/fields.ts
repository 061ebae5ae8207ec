/**
 * How Lago's parameters become values: what counts as blank, which scalars become text, and a collector of
 * field errors. Anything that is not of the expected kind is treated as if it had not been sent, as Lago does.
 */
import { invalid, missingParameter } from './errors.ts';
import type { FieldErrors } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** True for a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under `name` in a request body; 400 when it is missing or empty. */
export function required(body: unknown, name: string): Fields {
  const value = isFields(body) ? body[name] : undefined;
  if (!isFields(value) || Object.keys(value).length === 0) throw missingParameter(name);
  return value;
}

/** A scalar as text; null for everything else. Numbers are accepted for text fields, as a database cast would. */
export function text(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return null;
}

/** A property of an event as the database compares it: the number 1 equals "1". Null for one that is not there. */
export function propertyText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Null, empty or only white space. */
export function isBlank(value: string | null): boolean {
  return value === null || !/\S/.test(value);
}

/** The text of a query parameter; the first one when it is repeated. */
export function queryText(query: unknown, name: string): string | undefined {
  const value = isFields(query) ? query[name] : undefined;
  if (typeof value === 'string') return value;
  return Array.isArray(value) && typeof value[0] === 'string' ? value[0] : undefined;
}

/** The values of a query parameter that may be a list: `status[]=a&status[]=b` and `status=a`. */
export function queryList(query: unknown, name: string): string[] {
  if (!isFields(query)) return [];
  const value = query[`${name}[]`] ?? query[name] ?? [];
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}

/** Collects what is wrong with the fields of one resource and throws all of it at once. */
export class FieldChecks {
  readonly #errors: FieldErrors = {};

  check(good: boolean, field: string, code: string): void {
    if (!good) (this.#errors[field] ??= []).push(code);
  }

  /** Throws a 422 when a check has failed. */
  done(): void {
    if (Object.keys(this.#errors).length > 0) throw invalid(this.#errors);
  }
}
