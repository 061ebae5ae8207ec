import { describe, expect, it } from 'vitest';
import { property } from './harness.ts';

describe('dots', () => {
  it.each([
    ['a.b', { a: { b: 1 } }, '1'],
    ['a.b', { 'a.b': 2, a: { b: 1 } }, '2'],
    ['a.b', { 'a.b': null, a: { b: 1 } }, '1'],
    ['a.b.c', { a: { 'b.c': 3, b: { c: 4 } } }, '3'],
    ['a.0.b', { a: [{ b: 'first' }] }, '"first"'],
    ['a.length', { a: [1, 2] }, '""'],
    ['a.b', { a: 'text' }, '""'],
    ['a.b', { a: null }, '""'],
    ['a.constructor', { a: {} }, '""'],
    ['a.', { 'a.': 1 }, '1'],
  ])('%s in %j is %s', (name, fields, json) => {
    expect(property(`\${${name}}`, fields)).toBe(json);
  });
});

describe('headers', () => {
  const fields = {
    request: { headers: { 'x-request-id': 'r1', 'X-Plan': 'pro', x_under: 'u', accept: ['a', 'b'] } },
    response: { headers: { 'X-Units': 12 } },
  };

  it.each([
    ['http_x_request_id', '"r1"'],
    ['http_X-Request-Id', '"r1"'],
    ['http_x_plan', '"pro"'],
    ['http_x_under', '"u"'],
    ['http_accept', '"a, b"'],
    ['sent_http_x_units', '12'],
    ['upstream_http_x_units', '12'],
    ['http_x_units', '""'],
    ['http_constructor', '""'],
  ])('%s is %s', (name, json) => {
    expect(property(`\${${name}}`, fields)).toBe(json);
  });

  it('a flat field of that name wins', () => {
    expect(property('${http_x_plan}', { ...fields, http_x_plan: 'flat' })).toBe('"flat"');
    expect(property('${http_X-Plan}', { http_x_plan: 'flat' })).toBe('"flat"');
  });
});

describe('arguments', () => {
  it.each([
    [{ args: 'a=1&k=v&k=w' }, '"v"'],
    [{ args: 'k=a%20b+c%C3%A9%' }, '"a b cé%"'],
    [{ args: 'k' }, 'true'],
    [{ args: 'k=' }, '""'],
    [{ args: '%6B=v' }, '"v"'],
    [{ args: 'K=v' }, '""'],
    [{ query_string: 'k=v' }, '"v"'],
    [{ request: { querystring: { k: ['v', 'w'] } } }, '"v"'],
    [{ request: { querystring: { k: true } } }, 'true'],
    [{ querystring: { k: 'v' } }, '"v"'],
    [{ request_uri: '/a?k=v#f' }, '"v"'],
    [{ request: 'GET /a?k=v HTTP/1.1' }, '"v"'],
    [{ request: { uri: '/a?k=v' } }, '"v"'],
    [{ url: 'http://h/a?k=v' }, '"v"'],
    [{ uri: '/a?k=v' }, '"v"'],
    [{ arg_k: 'flat', args: 'k=v' }, '"flat"'],
    [{ args: 'x=1', request_uri: '/a?k=v' }, '"v"'],
    [{ args: null }, '""'],
    [{ args: 12 }, '""'],
  ])('arg_k in %j is %s', (fields, json) => {
    expect(property('${arg_k}', fields)).toBe(json);
  });
});

it.each([
  [{ http_cookie: 'a=1; k=v=w; k=2' }, '"v=w"'],
  [{ request: { headers: { Cookie: ' k = v ' } } }, '"v"'],
  [{ cookie_k: 'flat' }, '"flat"'],
  [{ http_cookie: 'kk=1' }, '""'],
])('cookie_k in %j is %s', (fields, json) => {
  expect(property('${cookie_k}', fields)).toBe(json);
});

describe('what the request line implies', () => {
  const derived = '${request_method}|${request_uri}|${uri}|${args}|${server_protocol}';

  it.each([
    [{ request: 'GET /a/b?c=d HTTP/1.1' }, 'GET|/a/b?c=d|/a/b|c=d|HTTP/1.1'],
    [{ request: 'GET /a b HTTP/2.0' }, 'GET|/a b|/a b||HTTP/2.0'],
    [{ request: 'CONNECT h:443 HTTP/1.1' }, 'CONNECT|h:443|h:443||HTTP/1.1'],
    [{ request: 'GET http://h/a?x HTTP/1.1' }, 'GET|http://h/a?x|/a|x|HTTP/1.1'],
    [{ request: 'GET http://h HTTP/1.1' }, 'GET|http://h|/||HTTP/1.1'],
    [{ request: 'garbage' }, '||||'],
    [{ request: '' }, '||||'],
    [{ request_uri: '/a?b' }, '|/a?b|/a|b|'],
    [{ request: 'GET /a HTTP/1.1', uri: '/logged', request_method: 'POST' }, 'POST|/a|/logged||HTTP/1.1'],
  ])('%j', (fields, text) => {
    expect(property(derived, fields)).toBe(JSON.stringify(text));
  });

  it('a path that is hostile to patterns takes no time', () => {
    expect(property('${uri}', { request_uri: `/${'?'.repeat(100_000)}` })).toBe('"/"');
  });
});

describe('aliases of a preset', () => {
  it('give nested fields the names that APISIX and NGINX have for them', () => {
    const fields = {
      response: { status: 201 },
      request: { method: 'PUT', uri: '/x?y=z' },
      consumer: { username: 'jack' },
    };
    const options = { format: 'apisix-file-logger' } as const;
    expect(property('${status} ${request_method} ${uri} ${args} ${consumer_name}', fields, options)).toBe(
      '"201 PUT /x y=z jack"',
    );
    expect(property('${status}', { ...fields, status: 'own' }, options)).toBe('"own"');
    expect(property('${status}', fields)).toBe('""');
  });
});
