/**
 * What can be provisioned, in the shapes of Lago's API (so the keys are snake_case and answers are these objects).
 */

export interface Metric {
  readonly lago_id: string;
  readonly name: string;
  readonly code: string;
  readonly description: string | null;
  readonly aggregation_type: AggregationType;
  readonly weighted_interval: null;
  readonly recurring: boolean;
  readonly rounding_function: null;
  readonly rounding_precision: null;
  readonly created_at: string;
  /** The property that is summed, compared or counted; null for `count_agg`. */
  readonly field_name: string | null;
  readonly expression: null;
  readonly filters: readonly MetricFilter[];
}

export type AggregationType = (typeof AGGREGATION_TYPES)[number];
export const AGGREGATION_TYPES = [
  'count_agg',
  'sum_agg',
  'max_agg',
  'unique_count_agg',
  'latest_agg',
] as const;

/** A property by which a charge may have different prices, and its known values. */
export interface MetricFilter {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Plan {
  readonly lago_id: string;
  readonly name: string;
  readonly invoice_display_name: string | null;
  readonly created_at: string;
  readonly code: string;
  readonly interval: Interval;
  readonly description: string | null;
  readonly amount_cents: number;
  /** ISO 4217. */
  readonly amount_currency: string;
  readonly trial_period: number | null;
  readonly pay_in_advance: boolean;
  readonly charges: readonly Charge[];
}

export type Interval = (typeof INTERVALS)[number];
export const INTERVALS = ['weekly', 'monthly', 'quarterly', 'semiannual', 'yearly'] as const;

export interface Charge {
  readonly lago_id: string;
  readonly lago_billable_metric_id: string;
  readonly code: string;
  readonly invoice_display_name: string | null;
  readonly billable_metric_code: string;
  readonly created_at: string;
  readonly charge_model: 'standard';
  readonly pay_in_advance: boolean;
  readonly prorated: boolean;
  readonly properties: { readonly amount: string };
  /** In the order in which they were given, which is also their order in the usage. */
  readonly filters: readonly ChargeFilter[];
}

/** The price of the events whose properties have one of these values under every key. */
export interface ChargeFilter {
  readonly invoice_display_name: string | null;
  readonly properties: { readonly amount: string };
  /** Key → accepted values, or only `__ALL_FILTER_VALUES__`: every value that the metric knows. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

export interface Customer {
  readonly lago_id: string;
  readonly external_id: string;
  readonly name: string | null;
  readonly currency: string | null;
  readonly sequential_id: number;
  readonly slug: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Address, e-mail and the like: kept and given back as they came. */
  readonly [field: string]: unknown;
}

/** Unlike the others not an answer yet: `subscriptionJson` of `subscription.ts` adds what depends on the time. */
export interface Subscription {
  readonly lagoId: string;
  readonly externalId: string;
  readonly customer: Customer;
  readonly plan: Plan;
  readonly name: string;
  readonly billingTime: 'calendar' | 'anniversary';
  readonly createdAtMs: number;
  readonly subscriptionAtMs: number;
  readonly endingAtMs: number | null;
  readonly previousPlanCode: string | null;
  /** Null when it was ended before it began. */
  readonly terminatedAtMs: number | null;
  readonly canceledAtMs: number | null;
}
