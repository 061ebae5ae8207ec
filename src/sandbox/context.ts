/**
 * What the routes share, and how they learn who asks.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { forbidden, unauthorized } from './errors.ts';
import type { Faults } from './faults.ts';
import type { Organization } from './organization.ts';

/** What an API key opens. */
export interface Access {
  readonly organization: Organization;
  readonly readOnly: boolean;
}

export interface Context {
  /** By API key. */
  readonly keys: ReadonlyMap<string, Access>;
  readonly faults: Faults;
  readonly batchMaxLength: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

declare module 'fastify' {
  interface FastifyRequest {
    access: Access | null;
  }
  interface FastifyContextConfig {
    /** What the route is about, as a 403 names it. */
    resource?: string;
  }
}

/**
 * Checks the key of every request to the routes of `app`. As in Lago the scheme does not matter: the key is the
 * second word of the header.
 */
export function authenticate(app: FastifyInstance, keys: Context['keys']): void {
  app.decorateRequest('access', null);
  app.addHook('onRequest', async (request) => {
    const key = request.headers.authorization?.trim().split(/\s+/)[1];
    const access = key === undefined ? undefined : keys.get(key);
    if (access === undefined) throw unauthorized();
    if (access.readOnly && request.method !== 'GET') {
      throw forbidden('write', request.routeOptions.config.resource ?? 'resource');
    }
    request.access = access;
  });
}

/** The organization of an authenticated request. */
export function organizationOf(request: FastifyRequest): Organization {
  if (request.access === null) throw unauthorized();
  return request.access.organization;
}

/** Sends text that is JSON already. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json);
}
