import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { call, openSandbox, provision, sendBatch, sendEvent, usageOf } from './support.ts';

const NOW = Date.UTC(2026, 7, 21, 10);
const clock = () => NOW;
const second = NOW / 1000;
let serial = 0;
const event = (properties: object = {}, timestamp: number = second) => ({
  transaction_id: `t${serial++}`,
  external_subscription_id: 'jack_test',
  code: 'test',
  timestamp,
  properties,
});
const filter = (amount: string, values: object) => ({ properties: { amount }, values });
const get = (sandbox: Sandbox, path: string) => call(sandbox, 'GET', path);

/** Long before the billing period. */
const BEFORE = { subscription_at: '2026-01-01T00:00:00Z' };

test.for([
  ['sum_agg', [1, '2.5', '-0.1', 'x', '1e3', null, ' 3'], '3.4', 340, 3],
  ['sum_agg', [0.1, 0.2], '0.3', 30, 2],
  ['sum_agg', [], '0.0', 0, 0],
  ['sum_agg', [1e-7, 1e21], '1000000000000000000000.0000001', 1e23, 2],
  ['max_agg', [-3, '-2', 'x', -5.5], '-2.0', -200, 3],
  ['unique_count_agg', ['a', 'b', 'a', 1, '1', null], '3.0', 300, 5],
  ['latest_agg', [3, 9, 4], '4.0', 400, 3],
] as const)('%s of %j is %s', async ([aggregation_type, values, units, cents, events]) => {
  const sandbox = await openSandbox({ clock });
  await provision(sandbox, { aggregation_type, field_name: 'n' }, {}, {}, BEFORE);
  if (values.length > 0)
    await sendBatch(
      sandbox,
      values.map((n, i) => event({ n }, second - 60 + i)),
    );
  await sendEvent(sandbox, event({ other: 1 }, second - 120));
  expect((await usageOf(sandbox)).charges_usage).toMatchObject([
    { units, total_aggregated_units: units, events_count: events, amount_cents: cents, filters: [] },
  ]);
});

describe('filters', () => {
  const metric = {
    aggregation_type: 'count_agg',
    filters: [
      { key: 'tier', values: ['normal', 'expensive', '1', 'true'] },
      { key: 'region', values: ['eu', 'us'] },
    ],
  };
  const filters = [
    filter('2', { tier: ['__ALL_FILTER_VALUES__'] }),
    filter('3', { tier: ['expensive', 'normal'] }),
    filter('5', { tier: ['expensive'] }),
    filter('7', { tier: ['expensive'], region: ['eu'] }),
  ];

  test.for([
    [{}, 100],
    [{ tier: 'unheard of' }, 100],
    [{ region: 'eu' }, 100],
    [{ tier: null }, 100],
    [{ tier: 'true' }, 200],
    [{ tier: true }, 200],
    [{ tier: 1 }, 200],
    [{ tier: 'normal', region: 'eu' }, 300],
    [{ tier: 'expensive', region: 'us' }, 500],
    [{ tier: 'expensive', region: 'eu' }, 700],
  ] as const)('an event with %j costs %d cents', async ([properties, cents]) => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, metric, { filters }, {}, BEFORE);
    await sendEvent(sandbox, event(properties));
    expect((await usageOf(sandbox)).amount_cents).toBe(cents);
  });

  test('are listed as given, each once, then the default', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, metric, { filters }, {}, BEFORE);
    const listed = (await usageOf(sandbox)).charges_usage[0]?.filters;
    expect(listed?.map(({ values }) => values)).toEqual([...filters.map(({ values }) => values), null]);
    expect(listed?.[0]).toEqual({
      units: '0.0',
      total_aggregated_units: '0.0',
      events_count: 0,
      amount_cents: 0,
      pricing_unit_details: null,
      invoice_display_name: null,
      values: { tier: ['__ALL_FILTER_VALUES__'] },
      presentation_breakdowns: [],
    });
  });
});

test.for([
  ['USD', '0.005', 3, 2],
  ['USD', '0.0049', 1, 0],
  ['JPY', '0.5', 3, 2],
  ['KWD', '0.0005', 3, 2],
] as const)(
  'amounts in %s at %s are rounded to what the currency has',
  async ([currency, amount, count, cents]) => {
    const sandbox = await openSandbox({ clock });
    const charge = { properties: { amount } };
    await provision(
      sandbox,
      { aggregation_type: 'count_agg' },
      charge,
      { amount_currency: currency },
      BEFORE,
    );
    await sendBatch(
      sandbox,
      Array.from({ length: count }, () => event()),
    );
    expect((await usageOf(sandbox)).amount_cents).toBe(cents);
  },
);

describe('the billing period', () => {
  test('counts from its start to its end, both included', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, { aggregation_type: 'count_agg' }, {}, {}, BEFORE);
    const [from, to] = [Date.UTC(2026, 7, 1) / 1000, Date.UTC(2026, 8, 1) / 1000];
    await sendBatch(
      sandbox,
      [from - 0.001, from, to - 0.001, to].map((timestamp) => event({}, timestamp)),
    );
    expect(await usageOf(sandbox)).toMatchObject({
      from_datetime: '2026-08-01T00:00:00Z',
      to_datetime: '2026-08-31T23:59:59Z',
      issuing_date: '2026-08-31',
      charges_usage: [{ events_count: 2 }],
    });
  });

  test('counts nothing before the subscription began', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, { aggregation_type: 'count_agg' });
    await sendBatch(sandbox, [event({}, second - 0.001), event({}, second), event({}, second + 1)]);
    const usage = await usageOf(sandbox);
    expect(usage.charges_usage[0]?.events_count).toBe(2);
    expect(usage.from_datetime).toBe('2026-08-21T00:00:00Z');
  });

  test('leaves out other codes and other subscriptions', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, { aggregation_type: 'count_agg' });
    await sendBatch(sandbox, [
      { ...event(), code: 'x' },
      { ...event(), external_subscription_id: 'x' },
    ]);
    expect((await usageOf(sandbox)).amount_cents).toBe(0);
  });

  test('begins anew when the month does', async () => {
    let now = NOW;
    const sandbox = await openSandbox({ clock: () => now });
    await provision(sandbox, { aggregation_type: 'count_agg' });
    await sendEvent(sandbox, event());
    expect((await usageOf(sandbox)).amount_cents).toBe(100);
    now = Date.UTC(2026, 8, 1);
    expect(await usageOf(sandbox)).toMatchObject({ amount_cents: 0, from_datetime: '2026-09-01T00:00:00Z' });
  });
});

describe('subscriptions', () => {
  test('wait for their start, and end', async () => {
    let now = NOW;
    const sandbox = await openSandbox({ clock: () => now });
    await provision(
      sandbox,
      { aggregation_type: 'count_agg' },
      {},
      {},
      { subscription_at: '2026-08-22T00:00:00Z' },
    );
    expect((await get(sandbox, '/subscriptions/jack_test')).status).toBe(404);
    expect((await get(sandbox, '/subscriptions/jack_test?status[]=pending')).body).toMatchObject({
      subscription: { status: 'pending', started_at: null, subscription_at: '2026-08-22T00:00:00Z' },
    });
    now = Date.UTC(2026, 7, 23);
    expect((await get(sandbox, '/subscriptions/jack_test')).body).toMatchObject({
      subscription: { status: 'active', started_at: '2026-08-22T00:00:00.000Z' },
    });
    await call(sandbox, 'DELETE', '/subscriptions/jack_test');
    expect((await get(sandbox, '/subscriptions/jack_test')).status).toBe(404);
    expect((await get(sandbox, '/subscriptions/jack_test?status=terminated')).status).toBe(200);
    expect(
      (await get(sandbox, '/customers/jack/current_usage?external_subscription_id=jack_test')).status,
    ).toBe(405);
    expect((await get(sandbox, '/subscriptions?status[]=terminated&status[]=active')).body).toMatchObject({
      subscriptions: [{ terminated_at: '2026-08-23T00:00:00Z' }],
      meta: { total_count: 1 },
    });
  });

  test('are kept when asked for again, and replaced by another plan', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, { aggregation_type: 'count_agg' });
    const first = (await get(sandbox, '/subscriptions/jack_test')).body;
    const subscription = { external_customer_id: 'jack', plan_code: 'test', external_id: 'jack_test' };
    expect((await call(sandbox, 'POST', '/subscriptions', { subscription })).body).toEqual(first);
    const plan = {
      name: 'q',
      code: 'q',
      interval: 'yearly',
      amount_cents: 1,
      amount_currency: 'USD',
      pay_in_advance: true,
    };
    await call(sandbox, 'POST', '/plans', { plan });
    const changed = await call(sandbox, 'POST', '/subscriptions', {
      subscription: { ...subscription, plan_code: 'q' },
    });
    expect(changed.body).toMatchObject({ subscription: { plan_code: 'q', previous_plan_code: 'test' } });
  });

  test('must have the currency of their customer, and create an unknown one', async () => {
    const sandbox = await openSandbox({ clock });
    await provision(sandbox, { aggregation_type: 'count_agg' });
    await call(sandbox, 'POST', '/customers', { customer: { external_id: 'eva', currency: 'EUR' } });
    const subscribe = (id: string) =>
      call(sandbox, 'POST', '/subscriptions', {
        subscription: { external_customer_id: id, plan_code: 'test', external_id: id },
      });
    expect((await subscribe('eva')).body).toMatchObject({
      error_details: { currency: ['currencies_does_not_match'] },
    });
    expect((await subscribe('new')).status).toBe(200);
    expect((await get(sandbox, '/customers/new')).body).toMatchObject({
      customer: { currency: 'USD', name: null },
    });
  });
});

test('customers, plans and metrics can be listed, and customers changed', async () => {
  const sandbox = await openSandbox({ clock });
  await provision(sandbox, { aggregation_type: 'count_agg' });
  await call(sandbox, 'POST', '/customers', { customer: { external_id: 'jack', email: 'jack@example.com' } });
  expect((await call(sandbox, 'GET', '/customers')).body).toMatchObject({
    customers: [{ external_id: 'jack', name: 'Jack', email: 'jack@example.com', sequential_id: 1 }],
    meta: { total_count: 1 },
  });
  expect((await call(sandbox, 'GET', '/plans')).body).toMatchObject({ plans: [{ code: 'test' }] });
  expect((await call(sandbox, 'GET', '/plans/test')).body).toMatchObject({
    plan: { charges: [{ code: 'test', billable_metric_code: 'test', properties: { amount: '1' } }] },
  });
  expect((await call(sandbox, 'GET', '/billable_metrics')).body).toMatchObject({
    billable_metrics: [{ code: 'test' }],
  });
  expect((await call(sandbox, 'GET', '/billable_metrics/test')).body).toMatchObject({
    billable_metric: { aggregation_type: 'count_agg', field_name: null },
  });
});
