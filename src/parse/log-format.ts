/**
 * Plain-text access logs: compiles the string of an NGINX `log_format` directive (`escape=default`) into a reader of
 * its lines. Every value is a string, as the log has it; `-` alone reads as null.
 *
 * A value ends where the literal text behind its variable begins for the first time. Clients can put that text into
 * some values (`$remote_user`, `$http_host`) and so move the borders: a JSON log has no such weakness.
 */
import type { Repairs } from '../types.ts';
import { failureAt } from './failure.ts';
import type { ParseFailure } from './failure.ts';
import type { Fields } from './fields.ts';
import { decodeHexEscapes } from './text.ts';

/** Reads the text of one line. */
export type LogFormat = (text: string, repairs: Repairs) => Fields | ParseFailure;

/** A variable and the literal text behind it; empty for the last one of a format that ends with a variable. */
interface Part {
  readonly name: string;
  readonly until: string;
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/** Compiles a format, or says what is wrong with it. */
export function compileLogFormat(format: string): LogFormat | string {
  const prefix = format.slice(0, format.search(VARIABLE));
  const parts: Part[] = [];
  let end = 0;
  for (const match of format.matchAll(VARIABLE)) {
    const previous = parts.at(-1);
    const literal = format.slice(end, match.index);
    if (previous !== undefined) {
      if (literal === '') {
        return `nothing separates $${previous.name} from ${match[0]}, so their values cannot be told apart`;
      }
      parts[parts.length - 1] = { name: previous.name, until: literal };
    }
    end = match.index + match[0].length;
    parts.push({ name: match[1] ?? match[2]!, until: '' });
  }
  const last = parts.at(-1);
  if (last === undefined) return 'there is no variable in it';
  parts[parts.length - 1] = { name: last.name, until: format.slice(end) };
  return (text, repairs) => readLine(text, prefix, parts, repairs);
}

/** The names of the variables of a format, in its order. */
export function logFormatVariables(format: string): string[] {
  return Array.from(format.matchAll(VARIABLE), (match) => match[1] ?? match[2]!);
}

function readLine(
  text: string,
  prefix: string,
  parts: readonly Part[],
  repairs: Repairs,
): Fields | ParseFailure {
  if (!text.startsWith(prefix)) return misfit(text, 0, `expected ${JSON.stringify(prefix)}`);
  const fields: Record<string, string | null> = {};
  let at = prefix.length;
  let invalid = false;
  for (const [index, { name, until }] of parts.entries()) {
    const end = index === parts.length - 1 ? lastEnd(text, at, until) : findEnd(text, at, until);
    if (end < 0) return misfit(text, at, `found no ${JSON.stringify(until)} behind $${name}`);
    const raw = text.slice(at, end);
    const value = raw.includes('\\') ? unescape(raw, () => (invalid = true)) : raw;
    // The first of two fields of one name wins, and no name reaches the prototype.
    if (!Object.hasOwn(fields, name)) define(fields, name, value === '-' ? null : value);
    at = end + until.length;
  }
  if (invalid) repairs.invalidUtf8++;
  return fields;
}

function define(fields: Record<string, string | null>, name: string, value: string | null): void {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
  else fields[name] = value;
}

/** Where the next unescaped `until` begins, or -1. */
function findEnd(text: string, from: number, until: string): number {
  let at = text.indexOf(until, from);
  while (at > from && until.startsWith('"') && isEscaped(text, from, at)) at = text.indexOf(until, at + 1);
  return at;
}

/** The last literal has to be the end of the line. */
function lastEnd(text: string, from: number, until: string): number {
  const at = text.length - until.length;
  return at >= from && text.endsWith(until) ? at : -1;
}

/** True when an odd number of backslashes stands before `text[at]`. */
function isEscaped(text: string, from: number, at: number): boolean {
  let slashes = 0;
  while (at - slashes > from && text[at - slashes - 1] === '\\') slashes++;
  return slashes % 2 === 1;
}

function unescape(raw: string, onInvalid: () => void): string {
  return decodeHexEscapes(raw.replaceAll('\\"', '"'), onInvalid);
}

function misfit(text: string, position: number, problem: string): ParseFailure {
  return failureAt(text, position, `does not fit the log_format: ${problem}`);
}
