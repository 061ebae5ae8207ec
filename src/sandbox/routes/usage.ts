/** `GET /customers/:external_id/current_usage?external_subscription_id=…`. */
import type { FastifyInstance } from 'fastify';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { methodNotAllowed, notFound } from '../errors.ts';
import { queryText } from '../fields.ts';
import { statusAt } from '../subscription.ts';
import { currentUsage } from '../usage.ts';

export function usageRoutes(app: FastifyInstance, { now }: Context): void {
  const config = { resource: 'customer_usage' };

  app.get<{ Params: { id: string } }>('/customers/:id/current_usage', { config }, (request) => {
    const organization = organizationOf(request);
    const nowMs = now();
    const customerId = request.params.id;
    if (!organization.customers.has(customerId)) throw notFound('customer');
    const subscriptionId = queryText(request.query, 'external_subscription_id');
    const subscription = organization.subscriptions.findLast(
      (candidate) =>
        candidate.externalId === subscriptionId &&
        candidate.customer.external_id === customerId &&
        statusAt(candidate, nowMs) === 'active',
    );
    if (subscription === undefined) throw methodNotAllowed('no_active_subscription');
    return { customer_usage: currentUsage(organization, subscription, nowMs) };
  });
}
