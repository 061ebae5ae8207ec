/**
 * The current usage of a subscription: its events of this billing period, by charge and filter, with their price.
 */
import { createAggregation } from './aggregation.ts';
import type { Aggregation } from './aggregation.ts';
import { compileFilters } from './charge-filters.ts';
import { add, multiply, parseDecimal, round, toText, ZERO } from './decimal.ts';
import type { Decimal } from './decimal.ts';
import type { Organization } from './organization.ts';
import { startOfDay } from './period.ts';
import type { Period } from './period.ts';
import type { Charge, Metric, Subscription } from './resources.ts';
import { billingPeriod, usageWindow } from './subscription.ts';
import { isoSeconds } from './time.ts';

interface Amounts {
  readonly units: Decimal;
  readonly events: number;
  readonly cents: number;
}

/** The body of `GET /customers/:external_id/current_usage`, without its wrapper. */
export function currentUsage(
  organization: Organization,
  subscription: Subscription,
  nowMs: number,
): Record<string, unknown> {
  const period = billingPeriod(subscription, nowMs);
  const window = usageWindow(subscription, nowMs);
  const { charges, amount_currency: currency } = subscription.plan;
  const usages = charges.flatMap((charge) => {
    const metric = organization.metrics.get(charge.billable_metric_code);
    return metric === undefined ? [] : [chargeUsage(organization, subscription, charge, metric, window)];
  });
  usages.sort((a, b) => a.name.localeCompare(b.name));
  const cents = usages.reduce((sum, usage) => sum + usage.cents, 0);
  return {
    // The first period shows the day on which the subscription began, but counts from that very moment.
    from_datetime: isoSeconds(Math.max(period.from, startOfDay(subscription.subscriptionAtMs))),
    to_datetime: isoSeconds(period.to),
    issuing_date: isoSeconds(period.to).slice(0, 10),
    currency,
    amount_cents: cents,
    total_amount_cents: cents,
    taxes_amount_cents: 0,
    lago_invoice_id: null,
    charges_usage: usages.map(({ json }) => json),
  };
}

function chargeUsage(
  organization: Organization,
  subscription: Subscription,
  charge: Charge,
  metric: Metric,
  window: Period,
): { name: string; cents: number; json: Record<string, unknown> } {
  const currency = subscription.plan.amount_currency;
  const aggregations = aggregate(organization, subscription.externalId, charge, metric, window);
  const buckets = aggregations.map((aggregation, index) =>
    amountsOf(aggregation, (charge.filters[index] ?? charge).properties.amount, currency),
  );
  const total = buckets.reduce<Amounts>(
    (sum, bucket) => ({
      units: add(sum.units, bucket.units),
      events: sum.events + bucket.events,
      cents: sum.cents + bucket.cents,
    }),
    { units: ZERO, events: 0, cents: 0 },
  );
  const { lago_id, code, charge_model, invoice_display_name } = charge;
  const filters = buckets.map((bucket, index) => ({
    ...amountsJson(bucket),
    pricing_unit_details: null,
    invoice_display_name: charge.filters[index]?.invoice_display_name ?? null,
    values: charge.filters[index]?.values ?? null,
    presentation_breakdowns: [],
  }));
  return {
    name: metric.name.toLowerCase(),
    cents: total.cents,
    json: {
      ...amountsJson(total),
      amount_currency: currency,
      pricing_unit_details: null,
      charge: { lago_id, code, charge_model, invoice_display_name },
      billable_metric: {
        lago_id: metric.lago_id,
        name: metric.name,
        code: metric.code,
        aggregation_type: metric.aggregation_type,
      },
      filters: charge.filters.length === 0 ? [] : filters,
      grouped_usage: [],
      presentation_breakdowns: [],
    },
  };
}

/** One aggregation for each filter, then one for the events that none of them matches. */
function aggregate(
  organization: Organization,
  externalSubscriptionId: string,
  charge: Charge,
  metric: Metric,
  window: Period,
): Aggregation[] {
  const bucketOf = compileFilters(charge, metric);
  const buckets = Array.from({ length: charge.filters.length + 1 }, () =>
    createAggregation(metric.aggregation_type),
  );
  for (const row of organization.events.query({ externalSubscriptionId, code: metric.code, ...window })) {
    const event = organization.events.at(row);
    const properties = JSON.parse(event.properties) as Record<string, unknown>;
    const value = metric.field_name === null ? undefined : properties[metric.field_name];
    buckets[bucketOf(properties)]?.take(value, event.timestampMs);
  }
  return buckets;
}

/** Units times price, rounded to what the currency has. */
function amountsOf(aggregation: Aggregation, price: string, currency: string): Amounts {
  const units = aggregation.units();
  const digits = currencyDigits(currency);
  const amount = round(multiply(units, parseDecimal(price) ?? ZERO), digits);
  return { units, events: aggregation.events, cents: Number(amount.units) };
}

function amountsJson({ units, events, cents }: Amounts): Record<string, unknown> {
  return {
    units: toText(units),
    total_aggregated_units: toText(units),
    events_count: events,
    amount_cents: cents,
  };
}

/** Digits after the point: 2 for USD, 0 for JPY, 3 for KWD. */
function currencyDigits(currency: string): number {
  return (
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  );
}
