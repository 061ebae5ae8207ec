import { expect, test } from 'vitest';
import { Client, getLagoError } from 'lago-javascript-client';
import { DEFAULT_KEY } from '../../src/sandbox/server.ts';
import { openSandbox } from './support.ts';

test("the official client walks through APISIX's own end-to-end test and finds $33.00", async () => {
  let now = Date.UTC(2026, 7, 21, 10);
  const sandbox = await openSandbox({ clock: () => now });
  const lago = Client(DEFAULT_KEY, { baseUrl: `${sandbox.url}/api/v1` });

  const { data: metric } = await lago.billableMetrics.createBillableMetric({
    billable_metric: {
      name: 'test',
      code: 'test',
      aggregation_type: 'count_agg',
      filters: [{ key: 'tier', values: ['normal', 'expensive'] }],
    },
  });
  const { data: plan } = await lago.plans.createPlan({
    plan: {
      name: 'test',
      code: 'test',
      interval: 'monthly',
      amount_cents: 0,
      amount_currency: 'USD',
      pay_in_advance: false,
      charges: [
        {
          billable_metric_id: metric.billable_metric.lago_id,
          charge_model: 'standard',
          pay_in_advance: false,
          properties: { amount: '1' },
          filters: [{ properties: { amount: '10' }, values: { tier: ['expensive'] } }],
        },
      ],
    },
  });
  const { data: customer } = await lago.customers.createCustomer({
    customer: { external_id: 'jack', name: 'Jack', currency: 'USD' },
  });
  const { data: subscription } = await lago.subscriptions.createSubscription({
    subscription: {
      external_customer_id: customer.customer.external_id,
      plan_code: plan.plan.code,
      external_id: 'jack_test',
    },
  });
  expect(subscription.subscription).toMatchObject({
    status: 'active',
    plan_code: 'test',
    billing_time: 'calendar',
  });

  const event = (id: string, more: object = {}) => ({
    transaction_id: id,
    external_subscription_id: 'jack_test',
    code: 'test',
    timestamp: String(now / 1000),
    ...more,
  });
  for (const id of ['n1', 'n2', 'n3']) await lago.events.createEvent({ event: event(id) });
  const { data: normal } = await lago.events.findAllEvents({ external_subscription_id: 'jack_test' });
  expect(normal.events).toHaveLength(3);
  expect(normal.events[0]?.code).toBe('test');

  now += 1;
  const expensiveSince = new Date(now).toISOString();
  const expensiveEvents = ['e1', 'e2', 'e3'].map((id) => event(id, { properties: { tier: 'expensive' } }));
  await lago.events.createBatchEvents({ events: expensiveEvents });
  const { data: expensive } = await lago.events.findAllEvents({
    external_subscription_id: 'jack_test',
    timestamp_from: expensiveSince,
  });
  expect(expensive.events).toHaveLength(3);
  expect(expensive.events[1]?.properties).toEqual({ tier: 'expensive' });
  expect((await lago.events.findEvent('e2')).data.event.transaction_id).toBe('e2');

  const { data } = await lago.customers.findCustomerCurrentUsage('jack', {
    external_subscription_id: 'jack_test',
  });
  expect(data.customer_usage).toMatchObject({
    currency: 'USD',
    amount_cents: 3300,
    total_amount_cents: 3300,
    taxes_amount_cents: 0,
    lago_invoice_id: null,
    charges_usage: [
      {
        units: '6.0',
        total_aggregated_units: '6.0',
        events_count: 6,
        amount_cents: 3300,
        amount_currency: 'USD',
        pricing_unit_details: null,
        presentation_breakdowns: [],
        charge: { code: 'test', charge_model: 'standard', invoice_display_name: null },
        billable_metric: { ...pick(metric.billable_metric), aggregation_type: 'count_agg' },
        filters: [
          { units: '3.0', events_count: 3, amount_cents: 3000, values: { tier: ['expensive'] } },
          { units: '3.0', events_count: 3, amount_cents: 300, values: null },
        ],
        grouped_usage: [],
      },
    ],
  });
});

const pick = ({ lago_id, name, code }: { lago_id: string; name: string; code: string }) => ({
  lago_id,
  name,
  code,
});

test('the official client can read the errors', async () => {
  const sandbox = await openSandbox();
  const lago = Client(DEFAULT_KEY, { baseUrl: `${sandbox.url}/api/v1` });
  const failure = await lago.plans.findPlan('none').then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(await getLagoError(failure)).toEqual({ status: 404, error: 'Not Found', code: 'plan_not_found' });
});
