/**
 * What the walk-through bills: a metric that counts calls, a plan with two prices, a customer and a subscription.
 */
import { LagoClient } from './lago-client.ts';
import type { LagoAccess } from './lago-client.ts';

/** The names of the walk-through, the ones that APISIX's documentation of its `lago` plugin uses. */
export const WALKTHROUGH = {
  metric: 'test',
  plan: 'test',
  customer: 'jack',
  subscription: 'jack_test',
  currency: 'USD',
  /** Price of a call, in dollars. */
  price: '1',
  /** Price of a call whose event has `tier: expensive`. */
  expensivePrice: '10',
} as const;

/**
 * Creates what is not there yet; safe to repeat.
 * @throws DemoError with Lago's answer when it refuses.
 */
export async function provision(access: LagoAccess): Promise<void> {
  const lago = new LagoClient(access);
  const { metric, plan, customer, subscription, currency, price, expensivePrice } = WALKTHROUGH;

  const known = await lago.find<{ lago_id: string }>(`/billable_metrics/${metric}`, 'billable_metric');
  const { lago_id } =
    known ??
    (await lago.create<{ lago_id: string }>('/billable_metrics', 'billable_metric', {
      name: metric,
      code: metric,
      aggregation_type: 'count_agg',
      filters: [{ key: 'tier', values: ['normal', 'expensive'] }],
    }));

  if ((await lago.find(`/plans/${plan}`, 'plan')) === undefined) {
    await lago.create('/plans', 'plan', {
      name: plan,
      code: plan,
      interval: 'monthly',
      amount_cents: 0,
      amount_currency: currency,
      pay_in_advance: false,
      charges: [
        {
          billable_metric_id: lago_id,
          charge_model: 'standard',
          pay_in_advance: false,
          properties: { amount: price },
          filters: [{ properties: { amount: expensivePrice }, values: { tier: ['expensive'] } }],
        },
      ],
    });
  }
  await lago.create('/customers', 'customer', { external_id: customer, name: 'Jack', currency });
  await lago.create('/subscriptions', 'subscription', {
    external_customer_id: customer,
    plan_code: plan,
    external_id: subscription,
  });
}
