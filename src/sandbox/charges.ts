/**
 * Reads the charges of a plan: prices per metric, and per filter of the metric.
 */
import { randomUUID } from 'node:crypto';
import { ALL_FILTER_VALUES } from './charge-filters.ts';
import { parseDecimal } from './decimal.ts';
import { notFound } from './errors.ts';
import { FieldChecks, isFields, text } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Organization } from './organization.ts';
import type { Charge, ChargeFilter, Metric } from './resources.ts';
import { isoSeconds } from './time.ts';

/** Throws a 404 for an unknown metric and a 422 for what Lago, or the sandbox, does not accept. */
export function readCharges(given: unknown, organization: Organization, nowMs: number): Charge[] {
  const charges = (Array.isArray(given) ? given : []).filter(isFields);
  const codes = new Set<string>();
  return charges.map((fields) => {
    const metric = organization.metricById(fields['billable_metric_id']);
    if (metric === undefined) throw notFound('billable_metrics');
    return readCharge(fields, metric, codes, nowMs);
  });
}

function readCharge(fields: Fields, metric: Metric, codes: Set<string>, nowMs: number): Charge {
  const checks = new FieldChecks();
  const model = fields['charge_model'];
  checks.check(typeof model === 'string', 'charge_model', 'value_is_invalid');
  checks.check(typeof model !== 'string' || model === 'standard', 'charge_model', 'not_supported_by_sandbox');
  const filters = (Array.isArray(fields['filters']) ? fields['filters'] : [])
    .filter(isFields)
    .map((filter) => readFilter(filter, metric, checks));
  const amount = readAmount(fields['properties'], checks);
  checks.done();
  return {
    lago_id: randomUUID(),
    lago_billable_metric_id: metric.lago_id,
    code: freeCode(text(fields['code']) ?? metric.code, codes),
    invoice_display_name: text(fields['invoice_display_name']),
    billable_metric_code: metric.code,
    created_at: isoSeconds(nowMs),
    charge_model: 'standard',
    pay_in_advance: fields['pay_in_advance'] === true,
    prorated: fields['prorated'] === true,
    properties: { amount },
    filters,
  };
}

function readFilter(fields: Fields, metric: Metric, checks: FieldChecks): ChargeFilter {
  const values: Record<string, string[]> = {};
  for (const [key, list] of Object.entries(isFields(fields['values']) ? fields['values'] : {})) {
    const known = metric.filters.find((filter) => filter.key === key)?.values;
    const accepted = Array.isArray(list) ? list.map(String) : [];
    const all = accepted.length === 1 && accepted[0] === ALL_FILTER_VALUES;
    checks.check(accepted.length > 0, 'values', 'value_is_mandatory');
    checks.check(
      known !== undefined && (all || accepted.every((value) => known.includes(value))),
      'values',
      'value_is_invalid',
    );
    values[key] = accepted;
  }
  checks.check(Object.keys(values).length > 0, 'values', 'value_is_mandatory');
  return {
    invoice_display_name: text(fields['invoice_display_name']),
    properties: { amount: readAmount(fields['properties'], checks) },
    values,
  };
}

/** The price of a unit: a decimal number that is not negative, as a string, so that no precision is lost. */
function readAmount(properties: unknown, checks: FieldChecks): string {
  const amount = isFields(properties) ? properties['amount'] : undefined;
  const number = typeof amount === 'string' ? parseDecimal(amount) : undefined;
  checks.check(number !== undefined && number.units >= 0n, 'properties', 'invalid_amount');
  return typeof amount === 'string' ? amount : '0';
}

/** The code, with a number behind it when a charge of the plan has it already. */
function freeCode(code: string, codes: Set<string>): string {
  let free = code;
  for (let n = 2; codes.has(free); n++) free = `${code}_${n}`;
  codes.add(free);
  return free;
}
