/**
 * A subscription through time: its state, its billing period, its JSON.
 */
import { periodAt } from './period.ts';
import type { Period } from './period.ts';
import type { Subscription } from './resources.ts';
import { isoMilliseconds, isoSeconds } from './time.ts';

export type SubscriptionStatus = 'pending' | 'active' | 'terminated' | 'canceled';

export function statusAt(subscription: Subscription, nowMs: number): SubscriptionStatus {
  if (subscription.canceledAtMs !== null) return 'canceled';
  const end = subscription.terminatedAtMs ?? subscription.endingAtMs;
  if (end !== null && end <= nowMs) return 'terminated';
  return subscription.subscriptionAtMs > nowMs ? 'pending' : 'active';
}

/** The billing period that holds `nowMs`, whether or not the subscription had begun at its start. */
export function billingPeriod(subscription: Subscription, nowMs: number): Period {
  const anniversary = subscription.billingTime === 'anniversary' ? subscription.subscriptionAtMs : undefined;
  return periodAt(nowMs, subscription.plan.interval, anniversary);
}

/**
 * The times between which events count: from the start of the period or of the subscription, whichever is later,
 * to the end of the period.
 */
export function usageWindow(subscription: Subscription, nowMs: number): Period {
  const { from, to } = billingPeriod(subscription, nowMs);
  return { from: Math.max(from, subscription.subscriptionAtMs), to };
}

const iso = (ms: number | null): string | null => (ms === null ? null : isoSeconds(ms));

/** The subscription in the shape of Lago's API. */
export function subscriptionJson(subscription: Subscription, nowMs: number): Record<string, unknown> {
  const { customer, plan, subscriptionAtMs } = subscription;
  const status = statusAt(subscription, nowMs);
  const started = status === 'active' || status === 'terminated';
  const window = started ? usageWindow(subscription, nowMs) : undefined;
  return {
    lago_id: subscription.lagoId,
    external_id: subscription.externalId,
    lago_customer_id: customer.lago_id,
    external_customer_id: customer.external_id,
    name: subscription.name,
    plan_code: plan.code,
    plan_amount_cents: plan.amount_cents,
    plan_amount_currency: plan.amount_currency,
    status,
    billing_time: subscription.billingTime,
    subscription_at: isoSeconds(subscriptionAtMs),
    started_at: started ? isoMilliseconds(subscriptionAtMs) : null,
    trial_ended_at: null,
    ending_at: iso(subscription.endingAtMs),
    terminated_at:
      status === 'terminated' ? iso(subscription.terminatedAtMs ?? subscription.endingAtMs) : null,
    canceled_at: iso(subscription.canceledAtMs),
    created_at: isoSeconds(subscription.createdAtMs),
    previous_plan_code: subscription.previousPlanCode,
    next_plan_code: null,
    downgrade_plan_date: null,
    current_billing_period_started_at: iso(window?.from ?? null),
    current_billing_period_ending_at: iso(window?.to ?? null),
    on_termination_credit_note: null,
    on_termination_invoice: 'generate',
    progressive_billing_disabled: false,
    consolidate_invoice: true,
  };
}
