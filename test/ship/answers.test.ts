import type { IncomingHttpHeaders } from 'node:http';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/ship/answers.ts';
import type { Verdict } from '../../src/ship/answers.ts';
import { unprocessable } from './support/lago-server.ts';

const NOW = Date.parse('2026-08-21T10:00:00Z');
const DUPLICATE = { transaction_id: ['value_already_exist'] };
const POISON: Verdict = { kind: 'divide', reason: 'poison' };
const ailing: Verdict = { kind: 'retry', failure: 'ailing', minimumMs: 0 };
const down = (minimumMs: number): Verdict => ({ kind: 'retry', failure: 'down', minimumMs });

function verdict(status: number, body = '', headers: Record<string, string> = {}, events = 3): Verdict {
  return judge({ status, body, headers, isWhole: true, confirmed: false }, events, NOW);
}

/** The wait that an answer asks for, NaN when it is not to be tried again. */
function wait(status: number, headers: Record<string, string>): number {
  const judged = verdict(status, '', headers);
  return judged.kind === 'retry' ? judged.minimumMs : Number.NaN;
}

describe('the table of answers', () => {
  it.each([200, 201, 202, 204])('%i is delivered when it repeats the events, and holds else', (status) => {
    const answer = { status, body: 'ok', headers: {}, isWhole: true };
    expect(judge({ ...answer, confirmed: true }, 3, NOW)).toEqual({ kind: 'delivered' });
    expect(judge({ ...answer, confirmed: false }, 3, NOW)).toMatchObject({
      kind: 'hold',
      remedy: expect.stringContaining('answer_check: status') as string,
    });
    expect(judge({ ...answer, confirmed: false }, 3, NOW, 'status')).toEqual({ kind: 'delivered' });
  });

  it('a success that is a web page delivered nothing', () => {
    const headers = { 'content-type': 'Text/HTML; charset=utf-8' };
    const answer = { status: 200, body: '', headers, isWhole: true, confirmed: false };
    for (const check of ['strict', 'status'] as const) {
      expect(judge(answer, 3, NOW, check)).toMatchObject({
        kind: 'hold',
        remedy: expect.stringMatching(/^A web page/) as string,
      });
    }
  });

  it.each([400, 422])('%i that names no event divides the batch', (status) => {
    for (const body of [
      '',
      'nonsense',
      '{}',
      '[]',
      'null',
      '{"error_details":null}',
      '{"error_details":{}}',
    ]) {
      expect(verdict(status, body)).toEqual(POISON);
    }
    expect(verdict(status, '{"status":400,"error":"Bad Request"}')).toEqual(POISON);
  });

  it('413 divides the batch for its size', () => {
    expect(verdict(413, '<html>', { 'content-type': 'text/html' })).toEqual({
      kind: 'divide',
      reason: 'too_large',
    });
  });

  it.each([401, 402, 403, 404, 405, 407, 409, 415, 418, 451, 301, 302, 304, 308])(
    '%i holds the destination, with a remedy of its own',
    (status) => {
      const held = verdict(status);
      expect(held.kind).toBe('hold');
      expect(held).toMatchObject({ remedy: expect.stringMatching(/^[A-Z].*\.$/) as string });
    },
  );

  it('names the target of a redirect', () => {
    expect(verdict(308, '', { location: 'https://new.example/api' })).toMatchObject({
      remedy: expect.stringContaining('https://new.example/api') as string,
    });
  });

  it.each([408, 425, 500, 501, 502, 504, 520])('%i is tried again', (status) => {
    expect(verdict(status)).toEqual(ailing);
  });

  it.each([429, 503])('%i says that the endpoint takes nothing', (status) => {
    expect(verdict(status)).toEqual(down(0));
  });

  it('any Retry-After says so, too, and how long', () => {
    expect(verdict(500, '', { 'retry-after': '7' })).toEqual(down(7000));
  });
});

describe('422 by index', () => {
  it('tells duplicates from events that are wrong, and leaves the rest', () => {
    const details = { '0': DUPLICATE, '2': { timestamp: ['invalid_format'], code: ['value_is_mandatory'] } };
    expect(verdict(422, unprocessable(details).body)).toEqual({
      kind: 'by_index',
      duplicates: [0],
      rejected: [{ index: 2, detail: '{"timestamp":["invalid_format"],"code":["value_is_mandatory"]}' }],
    });
  });

  it('understands the failure of an expression, which is a string', () => {
    const details = { '0': 'expression_evaluation_failed: Variable: b not found' };
    expect(verdict(422, unprocessable(details).body)).toEqual({
      kind: 'by_index',
      duplicates: [],
      rejected: [{ index: 0, detail: 'expression_evaluation_failed: Variable: b not found' }],
    });
  });

  it('takes an event for delivered only when nothing but its existence is wrong', () => {
    const details = { '1': { ...DUPLICATE, timestamp: ['invalid_format'] } };
    expect(verdict(422, unprocessable(details).body)).toMatchObject({
      duplicates: [],
      rejected: [{ index: 1 }],
    });
    const both = { '1': { transaction_id: ['value_already_exist', 'value_is_mandatory'] } };
    expect(verdict(422, unprocessable(both).body)).toMatchObject({
      duplicates: [],
      rejected: [{ index: 1 }],
    });
  });

  it.each(['3', '-1', '1e0', 'x', '00', '01', ' 1', '1.0', '99999999999', '', '__proto__'])(
    'settles nothing by an answer that names the event %j, which is not in the batch',
    (key) => {
      const body = `{"error_details":{"1":${JSON.stringify(DUPLICATE)},"${key}":${JSON.stringify(DUPLICATE)}}}`;
      expect(verdict(422, body)).toEqual(POISON);
    },
  );

  it('shows details that are nested too deep to be written', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(verdict(422, `{"error_details":{"0":${deep}}}`)).toMatchObject({
      kind: 'by_index',
      rejected: [{ index: 0 }],
    });
    expect(verdict(422, `{"error_details":{"0":{"transaction_id":${deep}}}}`)).toMatchObject({
      kind: 'by_index',
      rejected: [{ index: 0 }],
    });
  });

  it('reads an answer that begins with a byte order mark', () => {
    expect(verdict(422, `\uFEFF${unprocessable({ '1': DUPLICATE }).body}`)).toMatchObject({
      duplicates: [1],
    });
  });

  it('takes an answer without an index for the only event of a batch', () => {
    expect(verdict(422, unprocessable(DUPLICATE).body, {}, 1)).toMatchObject({
      duplicates: [0],
      rejected: [],
    });
    expect(verdict(422, unprocessable(DUPLICATE).body, {}, 2)).toEqual(POISON);
    expect(verdict(422, unprocessable('expression_evaluation_failed').body, {}, 1)).toEqual(POISON);
  });
});

describe('422 about the whole batch', () => {
  it('too_many_events lowers the size of batches', () => {
    expect(verdict(422, unprocessable({ events: ['too_many_events'] }).body)).toEqual({ kind: 'too_many' });
  });

  it('too_many_events of a single event, or no_events, is nothing that an event did', () => {
    const many = unprocessable({ events: ['too_many_events'] }).body;
    expect(verdict(422, many, {}, 1).kind).toBe('hold');
    expect(verdict(422, unprocessable({ events: ['no_events'] }).body).kind).toBe('hold');
  });
});

describe('any answer', () => {
  it('is judged without an exception, and settles no event twice', () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.string(),
      fc.json().map((details) => `{"error_details":${details}}`),
      fc
        .dictionary(
          fc.oneof(fc.constantFrom('0', '00', '1', '-0', '2', '3', 'events'), fc.string()),
          fc.json(),
        )
        .map(
          (details) =>
            `{"error_details":{${Object.entries(details)
              .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
              .join()}}}`,
        ),
    );
    const header = fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined));
    const headers = fc.record({
      'content-type': header,
      'retry-after': header,
      'x-ratelimit-reset': header,
      'x-ratelimit-remaining': header,
      location: header,
      date: header,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        text,
        headers,
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (status, body, given, events, isWhole) => {
          const answer = { status, body, headers: given as IncomingHttpHeaders, isWhole, confirmed: false };
          const judged = judge(answer, events, NOW);
          if (judged.kind !== 'by_index') return;
          const indices = [...judged.duplicates, ...judged.rejected.map(({ index }) => index)];
          expect(new Set(indices).size).toBe(indices.length);
          for (const index of indices) expect(index).toBeLessThan(events);
        },
      ),
    );
  });
});

describe('refusals that are not about events', () => {
  it('a web page condemns no event', () => {
    for (const status of [400, 422]) {
      const held = verdict(status, '<html>The plain HTTP request was sent to HTTPS port', {
        'content-type': 'text/html; charset=utf-8',
      });
      expect(held).toMatchObject({
        kind: 'hold',
        remedy: expect.stringContaining('endpoint_addrs') as string,
      });
    }
  });

  it('neither does the endpoint for single events', () => {
    const body =
      '{"status":400,"error":"BadRequest: param is missing or the value is empty or invalid: event"}';
    expect(verdict(400, body)).toMatchObject({
      kind: 'hold',
      remedy: expect.stringContaining('endpoint_uri') as string,
    });
  });
});

describe('how long the server asks to wait', () => {
  it('reads Retry-After as seconds or as a date', () => {
    expect(wait(503, { 'retry-after': '120' })).toBe(120_000);
    expect(wait(503, { 'retry-after': 'Fri, 21 Aug 2026 10:00:30 GMT' })).toBe(30_000);
    expect(wait(503, { 'retry-after': 'Fri, 21 Aug 2026 09:00:00 GMT' })).toBe(0);
  });

  it('reads X-RateLimit-Reset as seconds left, or as a point in time, where a limit was hit', () => {
    expect(wait(429, { 'x-ratelimit-reset': '0.4' })).toBe(400);
    expect(wait(429, { 'x-ratelimit-reset': String(NOW / 1000 + 9) })).toBe(9000);
    expect(wait(429, { 'x-ratelimit-reset': '5', 'retry-after': '2' })).toBe(5000);
    expect(wait(500, { 'x-ratelimit-reset': '5' })).toBe(0);
    expect(wait(503, { 'x-ratelimit-reset': '5', 'x-ratelimit-remaining': '0' })).toBe(5000);
  });

  it('measures points in time by the clock of the server', () => {
    const date = 'Fri, 21 Aug 2026 10:30:00 GMT';
    expect(wait(503, { date, 'retry-after': 'Fri, 21 Aug 2026 10:30:02 GMT' })).toBe(2000);
    const reset = String((Date.parse(date) + 2000) / 1000);
    expect(wait(429, { date, 'x-ratelimit-reset': reset })).toBe(2000);
    expect(wait(429, { date, 'x-ratelimit-reset': `${reset}000` })).toBe(2000);
    expect(wait(429, { date, 'x-ratelimit-reset': '2026-08-21T10:30:02Z' })).toBe(2000);
    expect(wait(503, { date: 'never', 'retry-after': 'Fri, 21 Aug 2026 10:00:02 GMT' })).toBe(2000);
    expect(wait(503, { date, 'retry-after': reset })).toBe(2000);
  });

  it('knows milliseconds', () => {
    expect(wait(429, { 'x-ratelimit-reset': String(NOW + 2000) })).toBe(2000);
    expect(wait(503, { 'retry-after-ms': '1500' })).toBe(1500);
  });

  it('waits no longer than ten minutes, and makes nothing of nonsense', () => {
    expect(wait(503, { 'retry-after': '99999999' })).toBe(600_000);
    expect(wait(503, { 'retry-after': '86400' })).toBe(600_000);
    for (const value of ['', 'soon', '-5', '1e9', 'NaN']) expect(wait(503, { 'retry-after': value })).toBe(0);
  });
});
