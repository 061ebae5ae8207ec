/** What the sandbox tests share: a sandbox that closes with the test, and requests to it. */
import { onTestFinished } from 'vitest';
import { createSandbox, DEFAULT_KEY } from '../../src/sandbox/server.ts';
import type { Sandbox, SandboxOptions } from '../../src/sandbox/server.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await createSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** Sends a request to `/api/v1` with the default key. */
export async function call(
  sandbox: Sandbox,
  method: string,
  path: string,
  body?: unknown,
  key: string = DEFAULT_KEY,
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

export const sendEvent = (sandbox: Sandbox, event: unknown): Promise<Answer> =>
  call(sandbox, 'POST', '/events', { event });

export const sendBatch = (sandbox: Sandbox, events: unknown): Promise<Answer> =>
  call(sandbox, 'POST', '/events/batch', { events });

/** A 422 with these details. */
export const unprocessable = (details: unknown): Answer => ({
  status: 422,
  body: { status: 422, error: 'Unprocessable Entity', code: 'validation_errors', error_details: details },
});

/** Provisions a metric, a plan with one charge on it, the customer `jack` and the subscription `jack_test`. */
export async function provision(
  sandbox: Sandbox,
  metric: Record<string, unknown>,
  charge: Record<string, unknown> = {},
  plan: Record<string, unknown> = {},
  subscription: Record<string, unknown> = {},
): Promise<void> {
  const created = await call(sandbox, 'POST', '/billable_metrics', {
    billable_metric: { name: 'test', code: 'test', ...metric },
  });
  const { billable_metric } = created.body as { billable_metric: { lago_id: string } };
  await call(sandbox, 'POST', '/plans', {
    plan: {
      name: 'test',
      code: 'test',
      interval: 'monthly',
      amount_cents: 0,
      amount_currency: 'USD',
      pay_in_advance: false,
      charges: [
        {
          billable_metric_id: billable_metric.lago_id,
          charge_model: 'standard',
          properties: { amount: '1' },
          ...charge,
        },
      ],
      ...plan,
    },
  });
  await call(sandbox, 'POST', '/customers', { customer: { external_id: 'jack', name: 'Jack' } });
  const subscribed = await call(sandbox, 'POST', '/subscriptions', {
    subscription: {
      external_customer_id: 'jack',
      plan_code: 'test',
      external_id: 'jack_test',
      ...subscription,
    },
  });
  if (subscribed.status !== 200) throw new Error(JSON.stringify(subscribed.body));
}

export interface Usage {
  readonly from_datetime: string;
  readonly to_datetime: string;
  readonly issuing_date: string;
  readonly amount_cents: number;
  readonly charges_usage: readonly {
    readonly units: string;
    readonly events_count: number;
    readonly amount_cents: number;
    readonly filters: readonly {
      units: string;
      events_count: number;
      amount_cents: number;
      values: unknown;
    }[];
  }[];
}

export async function usageOf(sandbox: Sandbox): Promise<Usage> {
  const path = '/customers/jack/current_usage?external_subscription_id=jack_test';
  const { body } = await call(sandbox, 'GET', path);
  return (body as { customer_usage: Usage }).customer_usage;
}
