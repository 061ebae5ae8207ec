/** `POST`, `GET` and `DELETE` of subscriptions. */
import type { FastifyInstance } from 'fastify';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import { queryList, queryText, required } from '../fields.ts';
import { pageOf } from '../pages.ts';
import type { Subscription } from '../resources.ts';
import { endSubscription, subscribe } from '../subscribing.ts';
import { statusAt, subscriptionJson } from '../subscription.ts';

export function subscriptionRoutes(app: FastifyInstance, { now }: Context): void {
  const config = { resource: 'subscription' };

  app.post('/subscriptions', { config }, (request) => {
    const nowMs = now();
    const subscription = subscribe(organizationOf(request), required(request.body, 'subscription'), nowMs);
    return { subscription: subscriptionJson(subscription, nowMs) };
  });

  app.get('/subscriptions', { config }, (request) => {
    const nowMs = now();
    const customer = queryText(request.query, 'external_customer_id');
    const plan = queryText(request.query, 'plan_code');
    const statuses = wantedStatuses(request.query);
    const found = organizationOf(request).subscriptions.filter(
      (subscription) =>
        statuses.includes(statusAt(subscription, nowMs)) &&
        (customer === undefined || subscription.customer.external_id === customer) &&
        (plan === undefined || subscription.plan.code === plan),
    );
    const { page, meta } = pageOf(found, request.query);
    return { subscriptions: page.map((subscription) => subscriptionJson(subscription, nowMs)), meta };
  });

  app.get<{ Params: { id: string } }>('/subscriptions/:id', { config }, (request) => {
    const nowMs = now();
    const statuses = wantedStatuses(request.query);
    const found = organizationOf(request).subscriptions.findLast(
      (subscription) =>
        subscription.externalId === request.params.id && statuses.includes(statusAt(subscription, nowMs)),
    );
    return { subscription: subscriptionJson(orNotFound(found), nowMs) };
  });

  app.delete<{ Params: { id: string } }>('/subscriptions/:id', { config }, (request) => {
    const nowMs = now();
    const ended = endSubscription(organizationOf(request), request.params.id, nowMs);
    return { subscription: subscriptionJson(orNotFound(ended), nowMs) };
  });
}

/** Active ones, unless the query says otherwise. */
function wantedStatuses(query: unknown): readonly string[] {
  const given = queryList(query, 'status');
  return given.length === 0 ? ['active'] : given;
}

function orNotFound(subscription: Subscription | undefined): Subscription {
  if (subscription === undefined) throw notFound('subscription');
  return subscription;
}
