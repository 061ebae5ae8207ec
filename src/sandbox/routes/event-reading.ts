/** `GET /events`, `GET /events/:transaction_id`. */
import type { FastifyInstance } from 'fastify';
import { organizationOf, sendJson } from '../context.ts';
import { notFound } from '../errors.ts';
import { eventJson } from '../event.ts';
import type { EventFilter } from '../event-store.ts';
import { FieldChecks, queryText } from '../fields.ts';
import { pageOf } from '../pages.ts';
import { parseIso8601 } from '../time.ts';

export function eventReadingRoutes(app: FastifyInstance): void {
  const config = { resource: 'event' };

  app.get('/events', { config }, (request, reply) => {
    const { events } = organizationOf(request);
    const { page, meta } = pageOf(events.query(filterOf(request.query)), request.query);
    const list = page.map((row) => eventJson(events.at(row))).join(',');
    return sendJson(reply, `{"events":[${list}],"meta":${JSON.stringify(meta)}}`);
  });

  app.get<{ Params: { id: string } }>('/events/:id', { config }, (request, reply) => {
    const event = organizationOf(request).events.find(request.params.id);
    if (event === undefined) throw notFound('event');
    return sendJson(reply, `{"event":${eventJson(event)}}`);
  });
}

/** Empty parameters are no condition; a time that is no ISO 8601 is a 422. */
function filterOf(query: unknown): EventFilter {
  const checks = new FieldChecks();
  const time = (name: string): number | undefined => {
    const given = queryText(query, name);
    if (given === undefined || given === '') return undefined;
    const ms = parseIso8601(given);
    checks.check(ms !== undefined, name, 'invalid_date');
    return ms;
  };
  const externalSubscriptionId = queryText(query, 'external_subscription_id');
  const code = queryText(query, 'code');
  const from = time('timestamp_from');
  const to = time('timestamp_to');
  checks.done();
  return {
    ...(externalSubscriptionId ? { externalSubscriptionId } : {}),
    ...(code ? { code } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
