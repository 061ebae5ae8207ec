/** `POST /events`, `POST /events/batch`: the endpoints that the faults of tests apply to. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { organizationOf } from '../context.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../errors.ts';
import { replyWithFault } from '../fault-replies.ts';
import { isFields } from '../fields.ts';
import { ingestBatch, ingestEvent } from '../ingest.ts';
import type { Organization } from '../organization.ts';

type Ingest = (organization: Organization, body: unknown, nowMs: number) => string;

export function eventRoutes(app: FastifyInstance, { faults, batchMaxLength, now }: Context): void {
  const handler = (ingest: Ingest) => (request: FastifyRequest, reply: FastifyReply) => {
    const organization = organizationOf(request);
    organization.counts.requests++;
    const serve = (): string => counted(organization, () => ingest(organization, request.body, now()));
    const fault = faults.take(countOf(request.body));
    reply.type('application/json; charset=utf-8');
    return fault === undefined ? reply.send(serve()) : replyWithFault(fault, request, reply, serve);
  };
  const config = { resource: 'event' };
  app.post('/events', { config }, handler(ingestEvent));
  app.post(
    '/events/batch',
    { config },
    handler((organization, body, nowMs) => ingestBatch(organization, body, batchMaxLength, nowMs)),
  );
}

const countOf = (body: unknown): number =>
  isFields(body) && Array.isArray(body['events']) ? body['events'].length : 1;

function counted({ counts }: Organization, ingest: () => string): string {
  try {
    const json = ingest();
    counts.accepted++;
    return json;
  } catch (error) {
    if (error instanceof ApiError) counts.rejected++;
    throw error;
  }
}
