/**
 * Variables: from a name in a template or a filter to its value in a line. Compiled once per name. In this order, and
 * the first that is there (and not null) wins:
 *
 *   1. `log_id`, which no field can shadow
 *   2. the field of exactly that name, dots and all
 *   3. with dots: nested fields (`request.headers.host`, `tries.0.ip`)
 *   4. the aliases of the preset
 *   5. by prefix: `http_*`, `sent_http_*` and `upstream_http_*` in the header objects, `arg_*` in the query, `cookie_*`
 *   6. what `$request` and `$request_uri` imply: `request_method`, `request_uri`, `uri`, `args`, `server_protocol`
 */
import { isFields, own } from '../parse/fields.ts';
import type { FieldValue, Fields } from '../parse/fields.ts';
import type { MappedLine } from './line.ts';
import type { Preset } from './presets.ts';
import { argumentOf, cookieOf, headerOf, parseRequestLine, pathOf, queryOf } from './request.ts';
import type { RequestLine } from './request.ts';
import type { Value } from './values.ts';

/** Looks a variable up; undefined when the line does not have it. */
export type Variable = (line: MappedLine) => Value;

/** One place where a variable may be found. Plain data, so that every path of the mapper can read it in its way. */
export type Step =
  /** A field; with dots also nested fields. */
  | { readonly path: string }
  /** The header with this name (`x_request_id`) in the object of headers at a path. */
  | { readonly header: string; readonly of: string }
  /** What follows from the first value that `from` finds. With `textOnly` nothing does, unless that is text. */
  | { readonly from: readonly Step[]; readonly derive: (value: Value) => Value; readonly textOnly: boolean };

export const LOG_ID = 'log_id';

type Lookup = (fields: Fields) => Value;

export function compileVariable(name: string, preset: Preset): Variable {
  if (name === LOG_ID) return (line) => line.id;
  const find = firstOf(variableSteps(name, preset));
  return (line) => find(line.fields);
}

/** Where a variable other than `log_id` may be found, first choice first. */
export function variableSteps(name: string, preset: Preset): readonly Step[] {
  const aliases = Object.hasOwn(preset.aliases, name) ? preset.aliases[name]! : [];
  const paths = [name, ...aliases].map((path) => ({ path }));
  return [...paths, ...prefixSteps(name, preset), ...derivedSteps(name, preset)];
}

function firstOf(steps: readonly Step[]): Lookup {
  const lookups = steps.map(lookupOf);
  const [only] = lookups;
  if (lookups.length === 1 && only !== undefined) return only;
  return (fields) => {
    for (const lookup of lookups) {
      const value = lookup(fields);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function lookupOf(step: Step): Lookup {
  if ('path' in step) return pathLookup(step.path);
  if ('header' in step) {
    const headers = pathLookup(step.of);
    return (fields) => headerOf(headers(fields), step.header);
  }
  const from = firstOf(step.from);
  return (fields) => step.derive(from(fields));
}

function pathLookup(path: string): Lookup {
  return path.includes('.') ? (fields) => resolvePath(fields, path) : (fields) => own(fields, path);
}

/** The whole path as a key first, then its first part and the rest below it. Numbers index arrays. */
function resolvePath(container: Fields | readonly FieldValue[], path: string): Value {
  const whole = ownItem(container, path);
  const dot = path.indexOf('.');
  if (whole !== undefined || dot < 0) return whole;
  const next = ownItem(container, path.slice(0, dot));
  return isFields(next) || Array.isArray(next) ? resolvePath(next, path.slice(dot + 1)) : undefined;
}

function ownItem(container: Fields | readonly FieldValue[], key: string): Value {
  if (Array.isArray(container) && !/^\d+$/.test(key)) return undefined;
  return own(container, key);
}

function prefixSteps(name: string, preset: Preset): Step[] {
  const argument = /^arg_(.+)$/s.exec(name)?.[1];
  if (argument !== undefined) return argumentSteps(argument, preset);
  const cookie = /^cookie_(.+)$/s.exec(name)?.[1];
  if (cookie !== undefined) {
    return [textStep(variableSteps('http_cookie', preset), (header) => cookieOf(header, cookie))];
  }
  const header = /^(http|sent_http|upstream_http)_(.+)$/s.exec(name);
  if (header === null) return [];
  const canonical = header[2]!.toLowerCase().replaceAll('-', '_');
  const headers = header[1] === 'http' ? 'request.headers' : 'response.headers';
  return [{ path: `${header[1]}_${canonical}` }, { header: canonical, of: headers }];
}

/** Where the arguments of a request may stand, most direct first. */
function argumentSteps(argument: string, preset: Preset): Step[] {
  const queries = [
    [...variableSteps('args', preset), ...variableSteps('query_string', preset)],
    [{ path: 'request.querystring' }],
    [{ path: 'querystring' }],
  ];
  const uris = ['request_uri', 'request.uri', 'request.url', 'uri', 'url'];
  return [
    ...queries.map((from): Step => ({
      from,
      derive: (query) => argumentOf(query, argument),
      textOnly: false,
    })),
    ...uris.map((uri) =>
      textStep(variableSteps(uri, preset), (value) => argumentOf(queryOf(value), argument)),
    ),
  ];
}

function derivedSteps(name: string, preset: Preset): Step[] {
  switch (name) {
    case 'request_method':
      return [fromRequestLine((request) => request.method)];
    case 'request_uri':
      return [fromRequestLine((request) => request.target)];
    case 'server_protocol':
      return [fromRequestLine((request) => request.protocol)];
    case 'uri':
      return [textStep(variableSteps('request_uri', preset), pathOf)];
    case 'args':
    case 'query_string':
      return [
        { path: 'args' },
        { path: 'query_string' },
        textStep(variableSteps('request_uri', preset), queryOf),
      ];
    default:
      return [];
  }
}

function fromRequestLine(part: (request: RequestLine) => string): Step {
  return textStep([{ path: 'request' }], (value) => {
    const request = parseRequestLine(value);
    return request && part(request);
  });
}

function textStep(from: readonly Step[], derive: (value: Value) => Value): Step {
  return { from, derive, textOnly: true };
}
