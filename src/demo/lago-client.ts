/**
 * The few requests to Lago's API that the demo makes beside the daemon's own. They work with the sandbox and with a
 * real Lago alike.
 */
import { DemoError } from '../errors.ts';

/** Which Lago, and the key to it. `url` has no path: `https://api.getlago.com`. */
export interface LagoAccess {
  readonly url: string;
  readonly key: string;
}

/** What Lago makes of a customer's events in the current billing period. */
export interface LagoUsage {
  readonly amountCents: number;
  readonly currency: string;
  readonly events: number;
  /** One for each price, in Lago's order; `values` is null for the default price. */
  readonly prices: readonly LagoPrice[];
}

export interface LagoPrice {
  readonly values: Readonly<Record<string, readonly string[]>> | null;
  readonly events: number;
  readonly amountCents: number;
}

/** An event as Lago shows it. */
export interface LagoEvent {
  readonly transaction_id: string;
  readonly external_subscription_id: string;
  readonly code: string;
  readonly timestamp: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export class LagoClient {
  readonly #access: LagoAccess;

  constructor(access: LagoAccess) {
    this.#access = access;
  }

  /** Creates (or for customers and subscriptions: keeps) a resource. @throws DemoError with Lago's answer. */
  async create<T>(path: string, name: string, fields: Readonly<Record<string, unknown>>): Promise<T> {
    const answer = await this.#request('POST', path, { [name]: fields });
    return (await this.#ok(answer, `POST ${path}`))[name] as T;
  }

  /** The resource, or undefined when there is none. @throws DemoError with any other answer. */
  async find<T>(path: string, name: string): Promise<T | undefined> {
    const answer = await this.#request('GET', path);
    if (answer.status === 404) {
      await answer.arrayBuffer();
      return undefined;
    }
    return (await this.#ok(answer, `GET ${path}`))[name] as T;
  }

  /** The events of a subscription, the latest first, at most 100. */
  async events(externalSubscriptionId: string): Promise<LagoEvent[]> {
    const query = new URLSearchParams({ external_subscription_id: externalSubscriptionId });
    return (await this.find<LagoEvent[]>(`/events?${query.toString()}`, 'events')) ?? [];
  }

  /** The current usage of a customer's subscription. */
  async usage(externalCustomerId: string, externalSubscriptionId: string): Promise<LagoUsage> {
    const query = new URLSearchParams({ external_subscription_id: externalSubscriptionId });
    const path = `/customers/${encodeURIComponent(externalCustomerId)}/current_usage?${query.toString()}`;
    const usage = await this.find<UsageJson>(path, 'customer_usage');
    if (usage === undefined) throw new DemoError(`Lago knows no customer ${externalCustomerId}`);
    return {
      amountCents: usage.amount_cents,
      currency: usage.currency,
      events: usage.charges_usage.reduce((sum, charge) => sum + charge.events_count, 0),
      prices: usage.charges_usage.flatMap(({ filters }) =>
        filters.map(({ values, events_count, amount_cents }) => ({
          values,
          events: events_count,
          amountCents: amount_cents,
        })),
      ),
    };
  }

  #request(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.#access.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#access.key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #ok(answer: Response, what: string): Promise<Record<string, unknown>> {
    const text = await answer.text();
    if (!answer.ok) throw new DemoError(`${what}: Lago answered ${answer.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}

interface UsageJson {
  readonly amount_cents: number;
  readonly currency: string;
  readonly charges_usage: readonly {
    readonly events_count: number;
    readonly filters: readonly {
      readonly values: LagoPrice['values'];
      readonly events_count: number;
      readonly amount_cents: number;
    }[];
  }[];
}
