/** `POST /customers` (creates or updates), `GET /customers`, `GET /customers/:external_id`. */
import type { FastifyInstance } from 'fastify';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { saveCustomer } from '../customer.ts';
import { notFound } from '../errors.ts';
import { FieldChecks, isBlank, required, text } from '../fields.ts';
import { pageOf } from '../pages.ts';
import { isCurrency } from './plans.ts';

export function customerRoutes(app: FastifyInstance, { now }: Context): void {
  const config = { resource: 'customer' };

  app.post('/customers', { config }, (request) => {
    const fields = required(request.body, 'customer');
    const externalId = text(fields['external_id']);
    const currency = text(fields['currency']);
    const checks = new FieldChecks();
    checks.check(!isBlank(externalId), 'external_id', 'value_is_mandatory');
    checks.check(currency === null || isCurrency(currency), 'currency', 'value_is_invalid');
    checks.done();
    return { customer: saveCustomer(organizationOf(request), externalId ?? '', fields, now()) };
  });

  app.get('/customers', { config }, (request) => {
    const { page, meta } = pageOf([...organizationOf(request).customers.values()], request.query);
    return { customers: page, meta };
  });

  app.get<{ Params: { id: string } }>('/customers/:id', { config }, (request) => {
    const customer = organizationOf(request).customers.get(request.params.id);
    if (customer === undefined) throw notFound('customer');
    return { customer };
  });
}
