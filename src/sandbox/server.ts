/**
 * A local stand-in for Lago: START HERE. It speaks the part of Lago's API that metering needs, keeps everything in
 * memory and listens on the loopback interface. `docs/sandbox.md` says what it does and what it does not.
 */
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { authenticate } from './context.ts';
import type { Access, Context } from './context.ts';
import { ApiError, badJson, notFound } from './errors.ts';
import { Faults } from './faults.ts';
import { Organization } from './organization.ts';
import { billableMetricRoutes } from './routes/billable-metrics.ts';
import { customerRoutes } from './routes/customers.ts';
import { eventReadingRoutes } from './routes/event-reading.ts';
import { eventRoutes } from './routes/events.ts';
import { organizationRoutes } from './routes/organizations.ts';
import { planRoutes } from './routes/plans.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { usageRoutes } from './routes/usage.ts';
import { openStore } from './store.ts';
import type { SandboxStore } from './store.ts';

/** The key of a sandbox that was given none. */
export const DEFAULT_KEY = 'lago_sandbox_key';

export interface SandboxOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** API keys; each one is an organization of its own. Default: `DEFAULT_KEY`. */
  readonly keys?: readonly string[];
  /** Keys to the first organization that may read and not write. */
  readonly readOnlyKeys?: readonly string[];
  /** Events that a batch may have, Lago's `LAGO_EVENTS_BATCH_MAX_LENGTH`. Default 100. */
  readonly batchMaxLength?: number;
  /** Unix milliseconds; default the system's time. */
  readonly clock?: () => number;
  /** Called after each answer. */
  readonly logger?: (entry: SandboxLogEntry) => void;
}

export interface SandboxLogEntry {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT`, without a slash at the end; the API is under `/api/v1`. */
  readonly url: string;
  readonly port: number;
  /** What the first key's organization has received. */
  readonly store: SandboxStore;
  /** The same for any key; throws for an unknown one. */
  storeOf(key: string): SandboxStore;
  /** What goes wrong with the next event requests. */
  readonly faults: Faults;
  /** Stops listening and cuts every connection, also those that hang. */
  close(): Promise<void>;
}

/** Starts a sandbox; resolves when it listens. Rejects when the port is taken. */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, keys = [DEFAULT_KEY], logger } = options;
  const now = options.clock ?? Date.now;
  const access = grantAccess(keys, options.readOnlyKeys ?? [], now());
  const faults = new Faults();
  const app = createApp({ keys: access, faults, batchMaxLength: options.batchMaxLength ?? 100, now });
  if (logger !== undefined) logAnswers(app, logger);
  await app.listen({ host, port });
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;

  const storeOf = (key: string): SandboxStore => {
    const organization = access.get(key)?.organization;
    if (organization === undefined) throw new Error(`the sandbox has no key ${key}`);
    return openStore(organization);
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    store: storeOf(keys[0] ?? DEFAULT_KEY),
    storeOf,
    faults,
    close: () => app.close(),
  };
}

function grantAccess(
  keys: readonly string[],
  readOnlyKeys: readonly string[],
  nowMs: number,
): Map<string, Access> {
  const access = new Map<string, Access>(
    keys.map((key, index) => [
      key,
      { organization: new Organization(`sandbox-${index + 1}`, nowMs), readOnly: false },
    ]),
  );
  const first = access.get(keys[0] ?? '');
  if (first === undefined) throw new Error('a sandbox needs at least one key');
  for (const key of readOnlyKeys) access.set(key, { ...first, readOnly: true });
  return access;
}

/** The HTTP server, not listening yet. */
function createApp(context: Context): FastifyInstance {
  const app = fastify({
    // Lago has no limit of its own on bodies, and ids in a path may be long.
    bodyLimit: 256 * 1024 * 1024,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    forceCloseConnections: true,
    frameworkErrors(_error, _request, reply) {
      void (reply as FastifyReply).code(400).send(badJson().body);
    },
  });
  // A body that does not say that it is JSON has no parameters; Lago then misses them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (!/json/i.test(request.headers['content-type'] ?? '') || body === '') return done(null, {});
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(badJson());
    }
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const answer =
      error instanceof ApiError ? error : new ApiError(error.statusCode ?? 500, reasonOf(error.statusCode));
    return reply.code(answer.status).send(answer.body);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(notFound('resource').body));

  app.get('/health', () => ({
    version: 'sandbox',
    github_url: 'https://github.com/getlago/lago-api',
    message: 'Success',
  }));
  app.register(
    (api, _options, done) => {
      authenticate(api, context.keys);
      eventRoutes(api, context);
      eventReadingRoutes(api);
      billableMetricRoutes(api, context);
      planRoutes(api, context);
      customerRoutes(api, context);
      subscriptionRoutes(api, context);
      usageRoutes(api, context);
      organizationRoutes(api);
      done();
    },
    { prefix: '/api/v1' },
  );
  return app;
}

const reasonOf = (status: number | undefined): string =>
  status === undefined || status >= 500 ? 'Internal Server Error' : 'Bad Request';

function logAnswers(app: FastifyInstance, logger: (entry: SandboxLogEntry) => void): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, url: path } = request;
    logger({ method, path, status: reply.statusCode, durationMs: reply.elapsedTime });
  });
}
