/** `POST /billable_metrics`, `GET /billable_metrics`, `GET /billable_metrics/:code`. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import { FieldChecks, isBlank, isFields, required, text } from '../fields.ts';
import type { Fields } from '../fields.ts';
import type { Organization } from '../organization.ts';
import { pageOf } from '../pages.ts';
import { AGGREGATION_TYPES } from '../resources.ts';
import type { Metric, MetricFilter } from '../resources.ts';
import { isoSeconds } from '../time.ts';

export function billableMetricRoutes(app: FastifyInstance, { now }: Context): void {
  const config = { resource: 'billable_metric' };

  app.post('/billable_metrics', { config }, (request) => {
    const organization = organizationOf(request);
    const metric = createMetric(organization, required(request.body, 'billable_metric'), now());
    organization.metrics.set(metric.code, metric);
    return { billable_metric: metric };
  });

  app.get('/billable_metrics', { config }, (request) => {
    const { page, meta } = pageOf([...organizationOf(request).metrics.values()], request.query);
    return { billable_metrics: page, meta };
  });

  app.get<{ Params: { code: string } }>('/billable_metrics/:code', { config }, (request) => {
    const metric = organizationOf(request).metrics.get(request.params.code);
    if (metric === undefined) throw notFound('billable_metric');
    return { billable_metric: metric };
  });
}

/** What Lago can and the sandbox cannot is refused: a wrong usage would be worse. */
const UNSUPPORTED = ['expression', 'rounding_function', 'weighted_interval'];

function createMetric(organization: Organization, fields: Fields, nowMs: number): Metric {
  const name = text(fields['name']);
  const code = text(fields['code']);
  const type = AGGREGATION_TYPES.find((known) => known === fields['aggregation_type']);
  const fieldName = type === 'count_agg' ? null : text(fields['field_name']);
  const checks = new FieldChecks();
  checks.check(!isBlank(name), 'name', 'value_is_mandatory');
  checks.check(!isBlank(code), 'code', 'value_is_mandatory');
  checks.check(!organization.metrics.has(code ?? ''), 'code', 'value_already_exist');
  checks.check(type !== undefined, 'aggregation_type', 'value_is_invalid');
  checks.check(type === 'count_agg' || !isBlank(fieldName), 'field_name', 'value_is_mandatory');
  for (const field of UNSUPPORTED) checks.check(!fields[field], field, 'not_supported_by_sandbox');
  checks.done();
  return {
    lago_id: randomUUID(),
    name: name ?? '',
    code: code ?? '',
    description: text(fields['description']),
    aggregation_type: type ?? 'count_agg',
    weighted_interval: null,
    recurring: fields['recurring'] === true,
    rounding_function: null,
    rounding_precision: null,
    created_at: isoSeconds(nowMs),
    field_name: fieldName,
    expression: null,
    filters: readFilters(fields['filters']),
  };
}

/** Sorted by key, as Lago lists them. */
function readFilters(given: unknown): MetricFilter[] {
  const filters = (Array.isArray(given) ? given : []).filter(isFields).map((filter) => ({
    key: text(filter['key']) ?? '',
    values: [...new Set((Array.isArray(filter['values']) ? filter['values'] : []).map(String))],
  }));
  const checks = new FieldChecks();
  checks.check(
    filters.every(({ values }) => values.length > 0),
    'values',
    'value_is_mandatory',
  );
  checks.check(
    filters.every(({ key }) => !isBlank(key)),
    'key',
    'value_is_mandatory',
  );
  checks.done();
  return filters.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
