/** What can be read out of a request line, a request URI, a query string, a header object or a cookie header. */
import { isFields, own } from '../parse/fields.ts';
import type { Fields } from '../parse/fields.ts';
import { toText } from './values.ts';
import type { Value } from './values.ts';

/** The parts of `GET /path?query HTTP/1.1`. */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
}

/** Reads a request line; undefined for anything else, such as the bytes of a TLS handshake or nothing at all. */
export function parseRequestLine(value: Value): RequestLine | undefined {
  if (typeof value !== 'string') return undefined;
  const methodEnd = value.indexOf(' ');
  const protocolStart = value.lastIndexOf(' HTTP/');
  if (methodEnd < 1 || protocolStart <= methodEnd) return undefined;
  return {
    method: value.slice(0, methodEnd),
    target: value.slice(methodEnd + 1, protocolStart),
    protocol: value.slice(protocolStart + 1),
  };
}

/** The path of a request URI, still encoded, without query and fragment; of an absolute one, what follows the host. */
export function pathOf(uri: Value): Value {
  if (typeof uri !== 'string') return undefined;
  const path = withoutOrigin(uri).replace(/[?#].*$/s, '');
  return path === '' ? undefined : path;
}

/** What stands behind the `?` of a URI; undefined when there is no `?`. */
export function queryOf(uri: Value): Value {
  if (typeof uri !== 'string') return undefined;
  const at = uri.indexOf('?');
  return at < 0 ? undefined : uri.slice(at + 1).replace(/#.*$/s, '');
}

function withoutOrigin(uri: string): string {
  if (uri.startsWith('/')) return uri;
  const scheme = uri.indexOf('://');
  if (scheme < 0) return uri;
  const path = uri.indexOf('/', scheme + 3);
  return path < 0 ? '/' : uri.slice(path);
}

/**
 * The first argument called `name` in a query string, decoded, as APISIX sees it: `true` for one without `=`. A log's
 * query object (`{"a":"1","b":["1","2"]}`) is taken as it is, and of several values the first.
 */
export function argumentOf(query: Value, name: string): Value {
  if (typeof query === 'string') return searchQuery(query, name);
  if (!isFields(query)) return undefined;
  const value = own(query, name);
  return Array.isArray(value) ? (value[0] ?? undefined) : value;
}

function searchQuery(query: string, name: string): Value {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (key !== '' && decode(key) === name) return equals < 0 ? true : decode(pair.slice(equals + 1));
  }
  return undefined;
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[\dA-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** The header with the NGINX name `x_request_id` in an object of headers; several values are joined as NGINX does. */
export function headerOf(headers: Value, name: string): Value {
  if (!isFields(headers)) return undefined;
  const value = own(headers, name.replaceAll('_', '-')) ?? searchHeaders(headers, name);
  return Array.isArray(value) ? value.map(toText).join(', ') : value;
}

function searchHeaders(headers: Fields, name: string): Value {
  for (const key of Object.keys(headers)) {
    if (key.toLowerCase().replaceAll('-', '_') === name) return own(headers, key);
  }
  return undefined;
}

/** The value of a cookie in a `Cookie` header. */
export function cookieOf(header: Value, name: string): Value {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
