import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { call, openSandbox, provision, sendBatch, sendEvent, unprocessable } from './support.ts';

const good = { transaction_id: 't1', external_subscription_id: 's', code: 'c' };
const missingEvent = {
  status: 400,
  body: { status: 400, error: 'BadRequest: param is missing or the value is empty or invalid: event' },
};
const badRequest = { status: 400, body: { status: 400, error: 'Bad Request' } };
const notFound = (code: string) => ({ status: 404, body: { status: 404, error: 'Not Found', code } });

describe('a single event', () => {
  test.for([
    ['no event', {}, missingEvent],
    ['an empty event', { event: {} }, missingEvent],
    ['an event that is no object', { event: [1] }, missingEvent],
    ['a body that is a list', [1, 2], missingEvent],
    ['broken JSON', '{"event":', badRequest],
    ['no code', { event: { transaction_id: 't' } }, unprocessable({ code: ['value_is_mandatory'] })],
    ['a blank code', { event: { ...good, code: ' \t' } }, unprocessable({ code: ['value_is_mandatory'] })],
    [
      'no id and no code',
      { event: { external_subscription_id: 's' } },
      unprocessable({ transaction_id: ['value_is_mandatory'], code: ['value_is_mandatory'] }),
    ],
    [
      'an id that is an object',
      { event: { ...good, transaction_id: { a: 1 } } },
      unprocessable({ transaction_id: ['value_is_mandatory'] }),
    ],
    [
      'an ISO 8601 timestamp',
      { event: { ...good, timestamp: '2026-08-01T00:00:00Z' } },
      unprocessable({ timestamp: ['invalid_format'] }),
    ],
    [
      'an empty timestamp',
      { event: { ...good, timestamp: '' } },
      unprocessable({ timestamp: ['invalid_format'] }),
    ],
    [
      'a bad timestamp and no code',
      { event: { transaction_id: 't', timestamp: 'now' } },
      unprocessable({ timestamp: ['invalid_format'] }),
    ],
  ] as const)('%s is refused', async ([, body, answer]) => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, 'POST', '/events', body)).toEqual(answer);
    expect(sandbox.store.size).toBe(0);
  });

  test('a second event with the same id and subscription is refused', async () => {
    const sandbox = await openSandbox();
    expect((await sendEvent(sandbox, good)).status).toBe(200);
    expect(await sendEvent(sandbox, { ...good, code: 'other', timestamp: 5 })).toEqual(
      unprocessable({ transaction_id: ['value_already_exist'] }),
    );
    expect(sandbox.store.counts()).toMatchObject({ requests: 2, accepted: 1, rejected: 1, duplicates: 1 });
  });
});

describe('a batch', () => {
  const many = Array.from({ length: 101 }, (_, i) => ({ ...good, transaction_id: `t${i}` }));
  test.for([
    ['no events', {}, unprocessable({ events: ['no_events'] })],
    ['an empty list', { events: [] }, unprocessable({ events: ['no_events'] })],
    ['a list of scalars', { events: [1, 'x', null] }, unprocessable({ events: ['no_events'] })],
    ['one event too many', { events: many }, unprocessable({ events: ['too_many_events'] })],
    ['broken JSON', '{"events":[{]}', badRequest],
    [
      'errors of fields, by index',
      { events: [good, { ...good, code: '' }, { ...good, timestamp: 'x' }, { code: 'c' }] },
      unprocessable({
        1: { code: ['value_is_mandatory'] },
        2: { timestamp: ['invalid_format'] },
        3: { transaction_id: ['value_is_mandatory'] },
      }),
    ],
  ] as const)('%s: refused as a whole', async ([, body, answer]) => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, 'POST', '/events/batch', body)).toEqual(answer);
    expect(sandbox.store.size).toBe(0);
  });

  test('a batch of exactly the limit is taken, and the limit can be lowered', async () => {
    const sandbox = await openSandbox();
    expect((await sendBatch(sandbox, many.slice(1))).status).toBe(200);
    expect(sandbox.store.counts().largestBatch).toBe(100);
    const small = await openSandbox({ batchMaxLength: 2 });
    expect(await sendBatch(small, many.slice(0, 3))).toEqual(unprocessable({ events: ['too_many_events'] }));
    expect((await sendBatch(small, many.slice(0, 2))).status).toBe(200);
  });

  test('duplicates are only reported when every field is right', async () => {
    const sandbox = await openSandbox();
    await sendEvent(sandbox, good);
    expect(await sendBatch(sandbox, [good, { code: 'c' }])).toEqual(
      unprocessable({ 1: { transaction_id: ['value_is_mandatory'] } }),
    );
    expect(await sendBatch(sandbox, [{ ...good, transaction_id: 'new' }, good])).toEqual(
      unprocessable({ 1: { transaction_id: ['value_already_exist'] } }),
    );
    expect(sandbox.store.transactionIds()).toEqual(['t1']);
  });
});

describe('keys', () => {
  test.for([
    [undefined, 401],
    ['', 401],
    ['Bearer', 401],
    ['Bearer wrong', 401],
    ['lago_sandbox_key', 401],
    ['Bearer lago_sandbox_key', 200],
    ['Whatever lago_sandbox_key', 200],
    ['Bearer lago_sandbox_key more', 200],
  ] as const)('the header %j answers %d', async ([authorization, status]) => {
    const sandbox = await openSandbox();
    const response = await fetch(`${sandbox.url}/api/v1/organizations`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(
      status === 401 ? { status: 401, error: 'Unauthorized' } : { organization: { name: 'sandbox-1' } },
    );
  });

  test('a read-only key may read and not write', async () => {
    const sandbox = await openSandbox({ readOnlyKeys: ['reader'] });
    expect(await call(sandbox, 'POST', '/events', { event: good }, 'reader')).toEqual({
      status: 403,
      body: { status: 403, error: 'Forbidden', code: 'write_action_not_allowed_for_event' },
    });
    expect((await call(sandbox, 'GET', '/events', undefined, 'reader')).status).toBe(200);
  });

  test('organizations see nothing of each other', async () => {
    const sandbox = await openSandbox({ keys: ['one', 'two'] });
    await call(sandbox, 'POST', '/events', { event: good }, 'one');
    expect((await call(sandbox, 'POST', '/events', { event: good }, 'two')).status).toBe(200);
    await call(sandbox, 'POST', '/customers', { customer: { external_id: 'jack' } }, 'one');
    expect(await call(sandbox, 'GET', '/customers/jack', undefined, 'two')).toEqual(
      notFound('customer_not_found'),
    );
    expect(sandbox.storeOf('two').size).toBe(1);
    expect(() => sandbox.storeOf('three')).toThrow('no key three');
  });
});

describe('what is not there', () => {
  test.for([
    ['GET', '/billable_metrics/none', notFound('billable_metric_not_found')],
    ['GET', '/plans/none', notFound('plan_not_found')],
    ['GET', '/customers/none', notFound('customer_not_found')],
    ['GET', '/subscriptions/none', notFound('subscription_not_found')],
    ['DELETE', '/subscriptions/none', notFound('subscription_not_found')],
    ['GET', '/events/none', notFound('event_not_found')],
    ['GET', '/customers/none/current_usage?external_subscription_id=x', notFound('customer_not_found')],
    ['GET', '/nothing', notFound('resource_not_found')],
    ['PUT', '/events/batch', notFound('resource_not_found')],
    ['GET', `/events/${'long'.repeat(500)}`, notFound('event_not_found')],
    ['GET', '/events/%E0%A4%A', badRequest],
  ] as const)('%s %s', async ([method, path, answer]) => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, method, path)).toEqual(answer);
  });

  test('a path without a route is 404 also without a key', async () => {
    const sandbox = await openSandbox();
    const response = await fetch(`${sandbox.url}/nowhere`);
    expect(await response.json()).toEqual(notFound('resource_not_found').body);
  });

  test.for(['', '?external_subscription_id=other'])(
    'usage%s has no active subscription: 405',
    async (query) => {
      const sandbox = await openSandbox();
      await provision(sandbox, { aggregation_type: 'count_agg' });
      expect(await call(sandbox, 'GET', `/customers/jack/current_usage${query}`)).toEqual({
        status: 405,
        body: { status: 405, error: 'Method Not Allowed', code: 'no_active_subscription' },
      });
    },
  );

  test('/health needs no key', async () => {
    const sandbox = await openSandbox();
    const response = await fetch(`${sandbox.url}/health`);
    expect(response.status).toBe(200);
    expect(Object.keys((await response.json()) as object)).toEqual(['version', 'github_url', 'message']);
  });
});

describe('provisioning', () => {
  const metric = {
    name: 'm',
    code: 'm',
    aggregation_type: 'count_agg',
    filters: [{ key: 'tier', values: ['a'] }],
  };
  const plan = {
    name: 'p',
    code: 'p',
    interval: 'monthly',
    amount_cents: 0,
    amount_currency: 'USD',
    pay_in_advance: false,
  };
  const charge = { charge_model: 'standard', properties: { amount: '1' } };

  test.for([
    [{ ...metric, name: '' }, { name: ['value_is_mandatory'] }],
    [{ ...metric, code: undefined }, { code: ['value_is_mandatory'] }],
    [
      { ...metric, aggregation_type: 'best_agg' },
      { aggregation_type: ['value_is_invalid'], field_name: ['value_is_mandatory'] },
    ],
    [{ ...metric, aggregation_type: 'sum_agg' }, { field_name: ['value_is_mandatory'] }],
    [{ ...metric, filters: [{ key: 'tier', values: [] }] }, { values: ['value_is_mandatory'] }],
    [{ ...metric, expression: '1 + b' }, { expression: ['not_supported_by_sandbox'] }],
  ] as const)('the metric %j is refused', async ([fields, details]) => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, 'POST', '/billable_metrics', { billable_metric: fields })).toEqual(
      unprocessable(details),
    );
  });

  test.for([
    [{ ...plan, interval: 'daily' }, { interval: ['value_is_invalid'] }],
    [{ ...plan, amount_currency: 'XXZ' }, { amount_currency: ['value_is_invalid'] }],
    [{ ...plan, amount_cents: null }, { amount_cents: ['value_is_mandatory'] }],
    [{ ...plan, pay_in_advance: undefined }, { pay_in_advance: ['value_is_invalid'] }],
  ] as const)('the plan %j is refused', async ([fields, details]) => {
    const sandbox = await openSandbox();
    expect(await call(sandbox, 'POST', '/plans', { plan: fields })).toEqual(unprocessable(details));
  });

  test.for([
    [{ ...charge, properties: { amount: 1 } }, { properties: ['invalid_amount'] }],
    [{ ...charge, properties: { amount: '-1' } }, { properties: ['invalid_amount'] }],
    [{ ...charge, properties: {} }, { properties: ['invalid_amount'] }],
    [{ ...charge, charge_model: 'graduated' }, { charge_model: ['not_supported_by_sandbox'] }],
    [{ ...charge, filters: [{ ...charge, values: { tier: ['b'] } }] }, { values: ['value_is_invalid'] }],
    [{ ...charge, filters: [{ ...charge, values: { other: ['a'] } }] }, { values: ['value_is_invalid'] }],
    [{ ...charge, filters: [{ ...charge, values: {} }] }, { values: ['value_is_mandatory'] }],
  ] as const)('the charge %j is refused', async ([fields, details]) => {
    const sandbox = await openSandbox();
    const id = await createMetric(sandbox, metric);
    const charges = [{ ...fields, billable_metric_id: id }];
    expect(await call(sandbox, 'POST', '/plans', { plan: { ...plan, charges } })).toEqual(
      unprocessable(details),
    );
  });

  test('codes are taken once, and what refers to nothing is refused', async () => {
    const sandbox = await openSandbox();
    await createMetric(sandbox, metric);
    const taken = unprocessable({ code: ['value_already_exist'] });
    expect(await call(sandbox, 'POST', '/billable_metrics', { billable_metric: metric })).toEqual(taken);
    await call(sandbox, 'POST', '/plans', { plan });
    expect(await call(sandbox, 'POST', '/plans', { plan })).toEqual(taken);
    const charges = [{ ...charge, billable_metric_id: 'x' }];
    expect(await call(sandbox, 'POST', '/plans', { plan: { ...plan, code: 'q', charges } })).toEqual(
      notFound('billable_metrics_not_found'),
    );
    const subscription = { external_customer_id: 'jack', external_id: 's', plan_code: 'none' };
    expect(await call(sandbox, 'POST', '/subscriptions', { subscription })).toEqual(
      notFound('plan_not_found'),
    );
  });

  test.for([
    [{ external_customer_id: ' ' }, { external_customer_id: ['value_is_mandatory'] }],
    [{ external_id: '' }, { external_id: ['value_is_mandatory'] }],
    [{ billing_time: 'lunar' }, { billing_time: ['value_is_invalid'] }],
    [{ subscription_at: 'soon' }, { subscription_at: ['invalid_date'] }],
    [{ external_customer_id: 'other', external_id: 'jack_test' }, { external_id: ['value_already_exist'] }],
  ] as const)('the subscription %j is refused', async ([fields, details]) => {
    const sandbox = await openSandbox();
    await provision(sandbox, { aggregation_type: 'count_agg' });
    const subscription = { external_customer_id: 'jack', external_id: 's', plan_code: 'test', ...fields };
    expect(await call(sandbox, 'POST', '/subscriptions', { subscription })).toEqual(unprocessable(details));
  });
});

test('a body that is not said to be JSON has no parameters', async () => {
  const sandbox = await openSandbox();
  const response = await fetch(`${sandbox.url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer lago_sandbox_key', 'content-type': 'text/plain' },
    body: JSON.stringify({ event: good }),
  });
  expect(await response.json()).toEqual(missingEvent.body);
});

test('a POST without any body is answered as one without parameters', async () => {
  const sandbox = await openSandbox();
  const status = await new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer lago_sandbox_key', 'content-length': 0 };
    const sent = request(`${sandbox.url}/api/v1/events/batch`, { method: 'POST', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.on('error', reject).end();
  });
  expect(status).toBe(422);
});

async function createMetric(sandbox: Sandbox, billable_metric: unknown): Promise<string> {
  const { body } = await call(sandbox, 'POST', '/billable_metrics', { billable_metric });
  return (body as { billable_metric: { lago_id: string } }).billable_metric.lago_id;
}
