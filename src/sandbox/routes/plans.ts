/** `POST /plans`, `GET /plans`, `GET /plans/:code`. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { readCharges } from '../charges.ts';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import { FieldChecks, isBlank, required, text } from '../fields.ts';
import type { Fields } from '../fields.ts';
import type { Organization } from '../organization.ts';
import { pageOf } from '../pages.ts';
import { INTERVALS } from '../resources.ts';
import type { Plan } from '../resources.ts';
import { isoSeconds } from '../time.ts';

export function planRoutes(app: FastifyInstance, { now }: Context): void {
  const config = { resource: 'plan' };

  app.post('/plans', { config }, (request) => {
    const organization = organizationOf(request);
    const plan = createPlan(organization, required(request.body, 'plan'), now());
    organization.plans.set(plan.code, plan);
    return { plan: planJson(plan) };
  });

  app.get('/plans', { config }, (request) => {
    const { page, meta } = pageOf([...organizationOf(request).plans.values()], request.query);
    return { plans: page.map(planJson), meta };
  });

  app.get<{ Params: { code: string } }>('/plans/:code', { config }, (request) => {
    const plan = organizationOf(request).plans.get(request.params.code);
    if (plan === undefined) throw notFound('plan');
    return { plan: planJson(plan) };
  });
}

function createPlan(organization: Organization, fields: Fields, nowMs: number): Plan {
  const name = text(fields['name']);
  const code = text(fields['code']);
  const interval = INTERVALS.find((known) => known === fields['interval']);
  const amount = fields['amount_cents'];
  const currency = text(fields['amount_currency']) ?? '';
  const payInAdvance = fields['pay_in_advance'];
  const charges = readCharges(fields['charges'], organization, nowMs);
  const checks = new FieldChecks();
  checks.check(!isBlank(name), 'name', 'value_is_mandatory');
  checks.check(!isBlank(code), 'code', 'value_is_mandatory');
  checks.check(!organization.plans.has(code ?? ''), 'code', 'value_already_exist');
  checks.check(isCurrency(currency), 'amount_currency', 'value_is_invalid');
  checks.check(interval !== undefined, 'interval', 'value_is_invalid');
  checks.check(typeof amount === 'number', 'amount_cents', 'value_is_mandatory');
  checks.check(typeof payInAdvance === 'boolean', 'pay_in_advance', 'value_is_invalid');
  checks.done();
  return {
    lago_id: randomUUID(),
    name: name ?? '',
    invoice_display_name: text(fields['invoice_display_name']),
    created_at: isoSeconds(nowMs),
    code: code ?? '',
    interval: interval ?? 'monthly',
    description: text(fields['description']),
    amount_cents: typeof amount === 'number' ? amount : 0,
    amount_currency: currency,
    trial_period: typeof fields['trial_period'] === 'number' ? fields['trial_period'] : null,
    pay_in_advance: payInAdvance === true,
    charges,
  };
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** ISO 4217, in capitals. */
export const isCurrency = (text: string): boolean => CURRENCIES.has(text);

/** The plan with what Lago adds and the sandbox never has. */
function planJson(plan: Plan): Record<string, unknown> {
  return {
    ...plan,
    bill_charges_monthly: null,
    bill_fixed_charges_monthly: null,
    customers_count: 0,
    active_subscriptions_count: 0,
    draft_invoices_count: 0,
    parent_id: null,
    pending_deletion: false,
    charges: plan.charges.map((charge) => ({
      ...charge,
      invoiceable: true,
      regroup_paid_fees: null,
      min_amount_cents: 0,
      accepts_target_wallet: null,
      applied_pricing_unit: null,
      lago_parent_id: null,
      taxes: [],
    })),
    fixed_charges: [],
    entitlements: [],
    usage_thresholds: [],
    taxes: [],
  };
}
