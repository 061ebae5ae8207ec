/**
 * Starts and ends subscriptions.
 */
import { randomUUID } from 'node:crypto';
import { saveCustomer } from './customer.ts';
import { invalid, notFound } from './errors.ts';
import { FieldChecks, isBlank, text } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Organization } from './organization.ts';
import type { Customer, Plan, Subscription } from './resources.ts';
import { statusAt } from './subscription.ts';
import { parseIso8601 } from './time.ts';

/**
 * Subscribes a customer, who is created when unknown, to a plan. The same plan again gives the subscription there is;
 * another plan under the same id takes its place at once.
 */
export function subscribe(organization: Organization, fields: Fields, nowMs: number): Subscription {
  const plan = organization.plans.get(text(fields['plan_code']) ?? '');
  if (plan === undefined) throw notFound('plan');
  const customerId = (text(fields['external_customer_id']) ?? '').trim();
  const externalId = (text(fields['external_id']) ?? '').trim();
  const billingTime = fields['billing_time'] ?? 'calendar';
  const subscriptionAt = timeOf(fields['subscription_at']);
  const endingAt = timeOf(fields['ending_at']);
  const checks = new FieldChecks();
  checks.check(!isBlank(customerId), 'external_customer_id', 'value_is_mandatory');
  checks.check(!isBlank(externalId), 'external_id', 'value_is_mandatory');
  checks.check(
    billingTime === 'calendar' || billingTime === 'anniversary',
    'billing_time',
    'value_is_invalid',
  );
  checks.check(subscriptionAt !== undefined, 'subscription_at', 'invalid_date');
  checks.check(
    endingAt !== undefined && (endingAt === null || endingAt > nowMs),
    'ending_at',
    'invalid_date',
  );
  checks.done();

  const current = organization.subscriptions.findLast(
    (subscription) =>
      subscription.externalId === externalId && ['active', 'pending'].includes(statusAt(subscription, nowMs)),
  );
  if (current !== undefined && current.customer.external_id !== customerId) {
    throw invalid({ external_id: ['value_already_exist'] });
  }
  const customer = payingCustomer(organization, customerId, plan, nowMs);
  if (current?.plan.code === plan.code) return current;
  if (current !== undefined) endSubscription(organization, externalId, nowMs);
  const subscription: Subscription = {
    lagoId: randomUUID(),
    externalId,
    customer,
    plan,
    name: (text(fields['name']) ?? '').trim(),
    billingTime: billingTime === 'anniversary' ? 'anniversary' : 'calendar',
    createdAtMs: nowMs,
    subscriptionAtMs: subscriptionAt ?? nowMs,
    endingAtMs: endingAt ?? null,
    previousPlanCode: current?.plan.code ?? null,
    terminatedAtMs: null,
    canceledAtMs: null,
  };
  organization.subscriptions.push(subscription);
  return subscription;
}

/** The customer, paying in the currency of the plan. */
function payingCustomer(organization: Organization, id: string, plan: Plan, nowMs: number): Customer {
  const known = organization.customers.get(id);
  const currency = plan.amount_currency;
  if (known?.currency === currency) return known;
  if (known?.currency) throw invalid({ currency: ['currencies_does_not_match'] });
  return saveCustomer(organization, id, { currency }, nowMs);
}

/** Ends the subscription that is active, or has not begun; undefined when there is none. */
export function endSubscription(
  organization: Organization,
  externalId: string,
  nowMs: number,
): Subscription | undefined {
  const { subscriptions } = organization;
  const index = subscriptions.findLastIndex(
    (subscription) =>
      subscription.externalId === externalId && ['active', 'pending'].includes(statusAt(subscription, nowMs)),
  );
  const subscription = subscriptions[index];
  if (subscription === undefined) return undefined;
  const begun = statusAt(subscription, nowMs) === 'active';
  const ended: Subscription = {
    ...subscription,
    terminatedAtMs: begun ? nowMs : null,
    canceledAtMs: begun ? null : nowMs,
  };
  subscriptions[index] = ended;
  return ended;
}

/** Null when it is not given, undefined when it is no ISO 8601 time. */
function timeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? parseIso8601(value) : undefined;
}
