/** docs/delivery.md says what the code does. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { judge } from '../../src/ship/answers.ts';
import type { Answer, AnswerCheck } from '../../src/ship/answers.ts';
import { unprocessable } from './support/lago-server.ts';

const html = { 'content-type': 'text/html' };
const plain = { headers: {}, isWhole: true, confirmed: false };
const statuses = (...all: number[]): Sample[] => all.map((status) => ({ ...plain, status, body: '' }));

type Sample = Answer & { readonly check?: AnswerCheck };

/** Answers about three events, by the first cell of their row. */
const SAMPLES: Readonly<Record<string, readonly Sample[]>> = {
  '2xx, JSON whose `events` repeat every id that was sent, in order': [
    { ...plain, status: 200, body: '', confirmed: true },
    { ...plain, status: 201, body: '', confirmed: true },
  ],
  'any other 2xx, `answer_check: strict`': [
    { ...plain, status: 200, body: 'ok' },
    { ...plain, status: 204, body: '' },
    { ...plain, status: 200, body: '<html>', headers: html },
  ],
  'any 2xx that is no web page, `answer_check: status`': [
    { ...plain, status: 202, body: 'ok', check: 'status' },
    { ...plain, status: 204, body: '', check: 'status' },
  ],
  '422, every index in `error_details` is that of an event of the batch': [
    { ...plain, ...unprocessable({ '0': 'x', '2': { transaction_id: ['value_already_exist'] } }) },
  ],
  '422, `too_many_events`': [{ ...plain, ...unprocessable({ events: ['too_many_events'] }) }],
  '422, `no_events`': [{ ...plain, ...unprocessable({ events: ['no_events'] }) }],
  '400 or 422 that names no event': [
    ...statuses(400, 422),
    { ...plain, ...unprocessable({ '0': 'x', '00': 'x' }) },
    { ...plain, ...unprocessable({ '3': 'x' }) },
  ],
  '413, with or without a page': [...statuses(413), { ...plain, status: 413, body: '<html>', headers: html }],
  '400 of an endpoint that knows no batches (`param is missing`)': [
    { ...plain, status: 400, body: '{"error":"BadRequest: param is missing: event"}' },
  ],
  '400 or 422, a web page': [400, 422].map((status) => ({ ...plain, status, body: '', headers: html })),
  '400 or 422 that cannot be read (cut off, packed in an unknown way)': [400, 422].map((status) => ({
    ...plain,
    status,
    body: '',
    isWhole: false,
  })),
  '401, 402, 404, 405, 407, 3xx, a 403 of Lago': [
    ...statuses(401, 402, 404, 405, 407, 301, 302, 304, 308),
    { ...plain, status: 403, body: '{"code":"write_action_not_allowed_for_event"}' },
  ],
  '403, 406, 418, 451, any other 4xx': statuses(403, 406, 409, 410, 415, 418, 451),
  '429, 503, any 5xx with `Retry-After`': [
    ...statuses(429, 503),
    { ...plain, status: 500, body: '', headers: { 'retry-after': '3' } },
  ],
  '408, 425, any other 5xx': statuses(408, 425, 500, 501, 502, 504, 520, 599),
};

it('has a row for every kind of answer, with what becomes of it', async () => {
  const page = await readFile(new URL('../../docs/delivery.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('## Answers'), page.indexOf('## No answer'));
  const rows = [...table.matchAll(/^\| (.+?) +\| `(\w+)` +\|/gm)].map(([, answer = '', verdict = '']) => ({
    answer,
    verdict,
  }));
  expect(rows.map(({ answer }) => answer)).toEqual(Object.keys(SAMPLES));
  for (const { answer, verdict } of rows) {
    const judged = SAMPLES[answer]!.map((sample) => judge(sample, 3, Date.now(), sample.check).kind);
    expect({ answer, verdicts: [...new Set(judged)] }).toEqual({ answer, verdicts: [verdict] });
  }
});

it('tells the bounds that the code has', async () => {
  const page = await readFile(new URL('../../docs/delivery.md', import.meta.url), 'utf8');
  const { MOST_HEADER_BYTES, MOST_INTERIM, MOST_REFUSAL_BYTES, answerDeadlineMs } =
    await import('../../src/ship/deadline.ts');
  expect(page).toContain(`${MOST_HEADER_BYTES / 1024} KiB of headers`);
  expect(page).toContain(`${MOST_REFUSAL_BYTES / 1024} KiB of a refusal`);
  expect(page).toContain(`${MOST_INTERIM} interim answers`);
  expect(answerDeadlineMs(3000)).toBe(30_000);
});
