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

type Step = (fields: Fields) => Value;

export const LOG_ID = 'log_id';

export function compileVariable(name: string, preset: Preset): Variable {
  if (name === LOG_ID) return (line) => line.id;
  const steps = stepsOf(name, preset);
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return (line) => only(line.fields);
  const find = firstOf(steps);
  return (line) => find(line.fields);
}

function stepsOf(name: string, preset: Preset): Step[] {
  const aliases = Object.hasOwn(preset.aliases, name) ? preset.aliases[name]! : [];
  return [...[name, ...aliases].map(pathStep), ...prefixSteps(name, preset), ...derivedSteps(name, preset)];
}

function pathStep(path: string): Step {
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

/** A lookup of one of `names`, by all of the steps but those of a prefix. */
function anyOf(names: readonly string[], preset: Preset): Step {
  return firstOf(names.flatMap((name) => stepsOf(name, preset)));
}

function firstOf(steps: readonly Step[]): Step {
  return (fields) => {
    for (const step of steps) {
      const value = step(fields);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function prefixSteps(name: string, preset: Preset): Step[] {
  const argument = /^arg_(.+)$/s.exec(name)?.[1];
  if (argument !== undefined) {
    return querySources(preset).map((query) => (fields) => argumentOf(query(fields), argument));
  }
  const cookie = /^cookie_(.+)$/s.exec(name)?.[1];
  if (cookie !== undefined) {
    const header = anyOf(['http_cookie'], preset);
    return [(fields) => cookieOf(header(fields), cookie)];
  }
  const header = /^(http|sent_http|upstream_http)_(.+)$/s.exec(name);
  if (header === null) return [];
  const canonical = header[2]!.toLowerCase().replaceAll('-', '_');
  const headers = pathStep(header[1] === 'http' ? 'request.headers' : 'response.headers');
  return [pathStep(`${header[1]}_${canonical}`), (fields) => headerOf(headers(fields), canonical)];
}

/** Where the arguments of a request may stand, most direct first. */
function querySources(preset: Preset): Step[] {
  const uris = ['request_uri', 'request.uri', 'request.url', 'uri', 'url'].map((name) =>
    anyOf([name], preset),
  );
  return [
    anyOf(['args', 'query_string'], preset),
    pathStep('request.querystring'),
    pathStep('querystring'),
    ...uris.map(
      (uri): Step =>
        (fields) =>
          queryOf(uri(fields)),
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
    case 'uri': {
      const target = anyOf(['request_uri'], preset);
      return [(fields) => pathOf(target(fields))];
    }
    case 'args':
    case 'query_string': {
      const target = anyOf(['request_uri'], preset);
      return [pathStep('args'), pathStep('query_string'), (fields) => queryOf(target(fields))];
    }
    default:
      return [];
  }
}

function fromRequestLine(part: (request: RequestLine) => string): Step {
  return (fields) => {
    const request = parseRequestLine(own(fields, 'request'));
    return request && part(request);
  };
}
