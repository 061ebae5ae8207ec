/**
 * Plain-text access logs: compiles the string of an NGINX `log_format` directive (`escape=default`) into a reader of
 * its lines. Every value is a string, as the log has it; `-` alone reads as null.
 *
 * A value ends where the literal text behind its variable begins for the first time, and what follows has the shape of
 * the next variable. Clients can put that text into some values (`$remote_user`, an unquoted `$http_host`) and so try to
 * move the borders; the shapes make it hard, but only a JSON log rules it out.
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
  /** What the next variable's value begins with; undefined when that may be anything. */
  readonly next?: RegExp | undefined;
  /** It may be a list with one item per upstream: `0.1, - : 0.2`. */
  readonly isList: boolean;
  /** A second variable right behind it, whose value begins at the first slash: `$upstream_host$upstream_uri`. */
  readonly uri: string | undefined;
}

/** Variables that NGINX writes as a list when it tried several upstreams. */
const UPSTREAM_LIST = /^upstream_(?:addr|status|bytes_\w+|\w+_(?:time|length))$/;

/** Values whose shape NGINX, not the client, decides. */
const SHAPES: Readonly<Record<string, RegExp>> = {
  time_local: /\d\d\/[A-Z][a-z]{2}\/\d{4}(?::\d\d){3} [+-]\d{4}/y,
  time_iso8601: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d/y,
  msec: /\d+\.\d{3}/y,
  status: /\d{3}(?!\d)/y,
  request_time: /\d+\.\d{3}/y,
  body_bytes_sent: /\d/y,
  bytes_sent: /\d/y,
  request_length: /\d/y,
};

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/** Compiles a format, or says what is wrong with it. */
export function compileLogFormat(format: string): LogFormat | string {
  const variables = [...format.matchAll(VARIABLE)];
  const [first] = variables;
  if (first === undefined) return 'there is no variable in it';
  const parts: Part[] = [];
  for (let index = 0; index < variables.length; index++) {
    const name = nameOf(variables[index]!);
    const uri = uriBehind(variables, index);
    if (uri !== undefined) index++;
    const last = variables[index]!;
    const next = variables[index + 1];
    const until = format.slice(last.index + last[0].length, next?.index);
    if (next !== undefined && until === '') {
      return `nothing separates ${last[0]} from ${next[0]}, so their values cannot be told apart`;
    }
    parts.push({ name, uri, until, next: next && shapeOf(nameOf(next)), isList: UPSTREAM_LIST.test(name) });
  }
  const prefix = format.slice(0, first.index);
  return (text, repairs) => readLine(text, prefix, parts, repairs);
}

/** The names of the variables of a format, in its order. */
export function logFormatVariables(format: string): string[] {
  return Array.from(format.matchAll(VARIABLE), nameOf);
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
  for (const [index, part] of parts.entries()) {
    const { name, until } = part;
    const end = index === parts.length - 1 ? lastEnd(text, at, until) : findEnd(text, at, part);
    if (end < 0) return misfit(text, at, `found no ${JSON.stringify(until)} behind $${name}`);
    const raw = text.slice(at, end);
    const value = raw.includes('\\') ? unescape(raw, () => (invalid = true)) : raw;
    const slash = part.uri === undefined ? -1 : value.indexOf('/');
    define(fields, name, slash < 0 ? value : value.slice(0, slash));
    if (part.uri !== undefined) define(fields, part.uri, slash < 0 ? '-' : value.slice(slash));
    at = end + until.length;
  }
  if (invalid) repairs.invalidUtf8++;
  return fields;
}

function nameOf(variable: RegExpExecArray): string {
  return variable[1] ?? variable[2]!;
}

function shapeOf(name: string): RegExp | undefined {
  return Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
}

/** The name of the variable right behind variable `index`, if its value begins with a slash; undefined otherwise. */
function uriBehind(variables: readonly RegExpExecArray[], index: number): string | undefined {
  const [variable, next] = [variables[index]!, variables[index + 1]];
  const isAdjacent = next !== undefined && next.index === variable.index + variable[0].length;
  return isAdjacent && /(?:^|_)uri$/.test(nameOf(next)) ? nameOf(next) : undefined;
}

/** The first of two fields of one name wins, and no name reaches the prototype. */
function define(fields: Record<string, string | null>, name: string, text: string): void {
  if (Object.hasOwn(fields, name)) return;
  const value = text === '-' ? null : text;
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
  else fields[name] = value;
}

/** Where the literal behind the value at `from` begins, or -1. */
function findEnd(text: string, from: number, part: Part): number {
  let at = text.indexOf(part.until, from);
  while (at >= 0 && !isBorder(text, from, at, part)) at = text.indexOf(part.until, at + 1);
  return at;
}

function isBorder(text: string, from: number, at: number, { until, next, isList }: Part): boolean {
  if (until.startsWith('"') && isEscaped(text, from, at)) return false;
  if (isList && isInList(text, at)) return false;
  if (next === undefined) return true;
  next.lastIndex = at + until.length;
  return next.test(text);
}

/** True at the separators `, ` and ` : ` of a list. */
function isInList(text: string, at: number): boolean {
  return text[at - 1] === ',' || text.startsWith(' : ', at) || text.startsWith(' :', at - 2);
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
