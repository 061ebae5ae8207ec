import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { call, openSandbox, sendBatch, sendEvent, unprocessable } from './support.ts';
import type { Answer } from './support.ts';

const NOW = Date.UTC(2026, 7, 21, 10, 0, 0, 500);
const clock = () => NOW;
const event = (id: string, more: object = {}) => ({
  transaction_id: id,
  external_subscription_id: 's',
  code: 'c',
  ...more,
});
const stored = (answer: Answer) => (answer.body as { event: Record<string, unknown> }).event;
const duplicate = { transaction_id: ['value_already_exist'] };

test('an answer repeats the event exactly, and drops what Lago does not know', async () => {
  const sandbox = await openSandbox({ clock });
  const answer = await sendEvent(sandbox, {
    transaction_id: 't1',
    external_subscription_id: 'jack_test',
    code: 'test',
    timestamp: '1651240791.123',
    precise_total_amount_cents: '12.5',
    properties: { tier: 'expensive', nested: { a: [1, null] }, 'q"uote': '\u0001é' },
    external_customer_id: 'jack',
    other: 1,
  });
  expect(answer).toEqual({
    status: 200,
    body: {
      event: {
        lago_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        transaction_id: 't1',
        lago_customer_id: null,
        code: 'test',
        timestamp: '2022-04-29T13:59:51.123Z',
        precise_total_amount_cents: '12.5',
        properties: { tier: 'expensive', nested: { a: [1, null] }, 'q"uote': '\u0001é' },
        lago_subscription_id: null,
        external_subscription_id: 'jack_test',
        created_at: '2026-08-21T10:00:00Z',
      },
    },
  });
  expect((await call(sandbox, 'GET', '/events/t1')).body).toEqual(answer.body);
});

test('an unknown subscription, no subscription and an unknown code are all taken', async () => {
  const sandbox = await openSandbox();
  expect((await sendEvent(sandbox, { transaction_id: 'a', code: 'nobody knows' })).status).toBe(200);
  expect((await sendEvent(sandbox, event('b'))).status).toBe(200);
});

test.for([
  [1651240791, '2022-04-29T13:59:51.000Z'],
  [1651240791.123, '2022-04-29T13:59:51.123Z'],
  ['1651240791', '2022-04-29T13:59:51.000Z'],
  [' 1651240791.123999 ', '2022-04-29T13:59:51.123Z'],
  ['1_651_240_791', '2022-04-29T13:59:51.000Z'],
  ['1.651240791e9', '2022-04-29T13:59:51.000Z'],
  [0, '1970-01-01T00:00:00.000Z'],
  [-1, '1969-12-31T23:59:59.000Z'],
  [1651240791123, '54295-09-27T05:32:03.000Z'],
  [null, '2026-08-21T10:00:00.500Z'],
  [undefined, '2026-08-21T10:00:00.500Z'],
] as const)('the timestamp %j is %s', async ([timestamp, iso]) => {
  const sandbox = await openSandbox({ clock });
  expect(stored(await sendEvent(sandbox, event('t', { timestamp })))['timestamp']).toBe(iso);
});

test.for(['', ' ', '.', '12.3.4', '0x10', 'NaN', 'Infinity', '2026-08-21', '1e99', true])(
  'the timestamp %j is no timestamp',
  async (timestamp) => {
    const sandbox = await openSandbox();
    expect(await sendEvent(sandbox, event('t', { timestamp }))).toEqual(
      unprocessable({ timestamp: ['invalid_format'] }),
    );
  },
);

test.for([
  ['12.5', '12.5'],
  [12, '12.0'],
  ['0.10', '0.1'],
  ['-3', '-3.0'],
  ['1234567890123456789.123456789012345', '1234567890123456789.123456789012345'],
  ['12abc', '12.0'],
  ['abc', '0.0'],
  ['', null],
  [null, null],
] as const)('the precise amount %j is stored as %j', async ([precise_total_amount_cents, amount]) => {
  const sandbox = await openSandbox();
  const answer = await sendEvent(sandbox, event('t', { precise_total_amount_cents }));
  expect(stored(answer)['precise_total_amount_cents']).toBe(amount);
});

test('numbers are taken as ids and codes; properties that are no object are none', async () => {
  const sandbox = await openSandbox();
  const answer = await sendEvent(sandbox, { transaction_id: 7, code: 8, properties: ['x'] });
  expect(stored(answer)).toMatchObject({ transaction_id: '7', code: '8', properties: {} });
});

describe('uniqueness', () => {
  test('is by subscription and id: another subscription may have the same id', async () => {
    const sandbox = await openSandbox();
    await sendEvent(sandbox, event('a'));
    expect((await sendEvent(sandbox, event('a', { external_subscription_id: 's2' }))).status).toBe(200);
    expect((await sendEvent(sandbox, event('a', { code: 'other' }))).status).toBe(422);
  });

  test('does not apply without a subscription', async () => {
    const sandbox = await openSandbox();
    const nobody = { transaction_id: 'a', code: 'c' };
    expect((await sendEvent(sandbox, nobody)).status).toBe(200);
    expect((await sendEvent(sandbox, nobody)).status).toBe(200);
    expect((await sendEvent(sandbox, event('a'))).status).toBe(200);
    expect((await sendEvent(sandbox, event('a', { external_subscription_id: '' }))).status).toBe(200);
    expect((await sendEvent(sandbox, event('a', { external_subscription_id: '' }))).status).toBe(422);
    expect(sandbox.store.size).toBe(4);
  });
});

describe('a batch', () => {
  test('answers with its events in order', async () => {
    const sandbox = await openSandbox();
    const { status, body } = await sendBatch(sandbox, [event('a'), event('b'), event('c')]);
    expect(status).toBe(200);
    const { events } = body as { events: { transaction_id: string; lago_id: string }[] };
    expect(events.map((e) => e.transaction_id)).toEqual(['a', 'b', 'c']);
    expect(new Set(events.map((e) => e.lago_id)).size).toBe(3);
  });

  test('with a duplicate is rolled back as a whole', async () => {
    const sandbox = await openSandbox();
    await sendBatch(sandbox, [event('b'), event('d')]);
    expect(
      await sendBatch(
        sandbox,
        ['a', 'b', 'c', 'd'].map((id) => event(id)),
      ),
    ).toEqual(unprocessable({ 1: duplicate, 3: duplicate }));
    expect(sandbox.store.transactionIds()).toEqual(['b', 'd']);
    expect((await sendBatch(sandbox, [event('a'), event('c')])).status).toBe(200);
  });

  test('that repeats an id reports the later index', async () => {
    const sandbox = await openSandbox();
    expect(await sendBatch(sandbox, [event('a'), event('b'), event('a')])).toEqual(
      unprocessable({ 2: duplicate }),
    );
    expect(sandbox.store.size).toBe(0);
  });

  test('with one id for two subscriptions is refused, falsely', async () => {
    const sandbox = await openSandbox();
    const other = { external_subscription_id: 's2' };
    expect(await sendBatch(sandbox, [event('a'), event('a', other)])).toEqual(
      unprocessable({ 1: duplicate }),
    );
    expect(sandbox.store.size).toBe(0);
  });

  test('may blame a new event for the duplicate of another subscription', async () => {
    const sandbox = await openSandbox();
    await sendEvent(sandbox, event('a'));
    const fresh = event('a', { external_subscription_id: 's2' });
    expect(await sendBatch(sandbox, [event('a'), fresh])).toEqual(unprocessable({ 1: duplicate }));
    expect(await sendBatch(sandbox, [fresh, event('a')])).toEqual(unprocessable({ 1: duplicate }));
  });

  test('with events that are no objects takes the others', async () => {
    const sandbox = await openSandbox();
    expect((await sendBatch(sandbox, [1, event('a'), null])).status).toBe(200);
    expect(sandbox.store.transactionIds()).toEqual(['a']);
  });
});

describe('the list of events', () => {
  test('has the latest first, then goes by id', async () => {
    const sandbox = await openSandbox();
    await sendBatch(sandbox, [
      event('b', { timestamp: 5 }),
      event('a', { timestamp: 5 }),
      event('c', { timestamp: 9 }),
    ]);
    expect(await list(sandbox, '')).toEqual({
      ids: ['c', 'a', 'b'],
      meta: { current_page: 1, next_page: null, prev_page: null, total_pages: 1, total_count: 3 },
    });
  });

  test.for([
    ['?external_subscription_id=s2', ['d']],
    ['?external_subscription_id=none', []],
    ['?code=other', ['c']],
    ['?code=other&external_subscription_id=s2', []],
    ['?timestamp_from=1970-01-01T00:00:02Z', ['d', 'c', 'b']],
    ['?timestamp_to=1970-01-01T00:00:02.000Z', ['b', 'a']],
    ['?timestamp_from=1970-01-01T01:00:02%2B01:00&timestamp_to=1970-01-01T00:00:02', ['b']],
    ['?timestamp_from=1970-01-02', []],
    ['?timestamp_from=&code=', ['d', 'c', 'b', 'a']],
  ] as const)('filters by %s', async ([query, ids]) => {
    const sandbox = await openSandbox();
    await sendBatch(sandbox, [
      event('a', { timestamp: 1 }),
      event('b', { timestamp: 2 }),
      event('c', { timestamp: 3, code: 'other' }),
      event('d', { timestamp: 4, external_subscription_id: 's2' }),
    ]);
    expect((await list(sandbox, query)).ids).toEqual(ids);
  });

  test('comes in pages of 100', async () => {
    const sandbox = await openSandbox();
    for (const batch of ['x', 'y', 'z']) {
      await sendBatch(
        sandbox,
        Array.from({ length: 70 }, (_, i) => event(`${batch}${i}`, { timestamp: i })),
      );
    }
    const second = await list(sandbox, '?page=2');
    expect(second.ids).toHaveLength(100);
    expect(second.meta).toEqual({
      current_page: 2,
      next_page: 3,
      prev_page: 1,
      total_pages: 3,
      total_count: 210,
    });
    const pages = await Promise.all([1, 2, 3].map((page) => list(sandbox, `?page=${page}`)));
    expect(new Set(pages.flatMap(({ ids }) => ids)).size).toBe(210);
    expect((await list(sandbox, '?page=9&per_page=50')).ids).toEqual([]);
    expect((await list(sandbox, '?per_page=5')).ids).toHaveLength(5);
  });

  test('is empty at first, and shows what arrived since the last look', async () => {
    const sandbox = await openSandbox();
    expect((await list(sandbox, '')).meta).toMatchObject({ current_page: 0, total_pages: 0, total_count: 0 });
    await sendEvent(sandbox, event('a'));
    expect((await list(sandbox, '')).ids).toEqual(['a']);
  });

  test('refuses times that are no ISO 8601', async () => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, 'GET', '/events?timestamp_from=1651240791&timestamp_to=soon')).toEqual(
      unprocessable({ timestamp_from: ['invalid_date'], timestamp_to: ['invalid_date'] }),
    );
  });
});

test('an event without a subscription is found by its id', async () => {
  const sandbox = await openSandbox();
  await sendEvent(sandbox, { transaction_id: 'a b/c', code: 'c' });
  const { body } = await call(sandbox, 'GET', `/events/${encodeURIComponent('a b/c')}`);
  expect(body).toMatchObject({ event: { transaction_id: 'a b/c', external_subscription_id: null } });
});

describe('the store', () => {
  test('tells a test when enough has arrived', async () => {
    const sandbox = await openSandbox();
    const three = sandbox.store.stored(3);
    await sendBatch(
      sandbox,
      ['a', 'b', 'c'].map((id) => event(id)),
    );
    await three;
    await sandbox.store.stored(2);
    expect([...sandbox.store.events()].map((e) => e.transactionId)).toEqual(['a', 'b', 'c']);
    expect(sandbox.store.has('s', 'a')).toBe(true);
    expect(sandbox.store.has('s2', 'a')).toBe(false);
  });

  test('stops waiting when told to', async () => {
    const sandbox = await openSandbox();
    const controller = new AbortController();
    const waiting = sandbox.store.stored(1, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(sandbox.store.stored(1, controller.signal)).rejects.toThrow('enough');
  });
});

async function list(sandbox: Sandbox, query: string): Promise<{ ids: string[]; meta: unknown }> {
  const { body } = await call(sandbox, 'GET', `/events${query}`);
  const { events, meta } = body as { events: { transaction_id: string }[]; meta: unknown };
  return { ids: events.map((e) => e.transaction_id), meta };
}
