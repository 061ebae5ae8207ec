/** What the fixture was made in, and is taken over in: the configuration, and Lago. */
import { LagoServer, unprocessable } from '../ship/support/lago-server.ts';

const REFUSED = 'refused';
/** The rules that go to a destination; each event names its own in `properties.rule`. */
const RULES: Readonly<Record<string, readonly string[]>> = { lago: ['calls', 'chat'], eu: ['calls-eu'] };

/**
 * The configuration, relative to its folder.
 * @param addresses By destination
 * @param source Keys for all sources that later versions need
 */
export function configuration(
  addresses: Readonly<Record<string, string>>,
  source: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    state_dir: 'state',
    sources: ['logs/usage.log', 'logs/holes.log'].map((path) => ({
      path,
      format: 'nginx',
      rotate_wait: 60,
      max_line_bytes: 4096,
      ...source,
    })),
    rules: [
      calls('calls', 'lago'),
      calls('calls-eu', 'eu'),
      {
        name: 'chat',
        event_code: 'chat',
        event_transaction_id: '${request_id}',
        event_subscription_id: '${http_x_consumer_username}',
        filter: [['uri', '==', '/v1/chat']],
        event_properties: { rule: 'chat', request: '${request_id}' },
        to: 'lago',
      },
    ],
    destinations: Object.entries(addresses).map(([name, address]) => ({
      name,
      endpoint_addrs: [address],
      token: 'key',
      inactive_timeout: 1,
      retry_delay: 1,
    })),
    log: { level: 'info', format: 'json' },
  };
}

const calls = (rule: string, to: string): Record<string, unknown> => ({
  name: rule,
  event_code: 'calls',
  event_transaction_id: '${log_id}',
  event_subscription_id: '${http_x_consumer_username}',
  event_properties: { rule, request: '${request_id}', agent: '${http_user_agent}', status: '${status}' },
  to,
});

export class FakeLago {
  readonly #server: LagoServer;
  /** Keys of events that were stored before and came again. */
  readonly again: string[] = [];
  down = false;

  constructor(server: LagoServer) {
    this.#server = server;
    server.behave = ({ events }) => {
      if (this.down) return { status: 503, body: 'down' };
      const keys = events.map((event) => `${event.external_subscription_id}/${event.transaction_id}`);
      this.again.push(...keys.filter((key) => this.stored.has(key)));
      const refused = events.flatMap(({ external_subscription_id: id }, index) =>
        id === REFUSED ? [index] : [],
      );
      if (refused.length === 0) return 'lago';
      return unprocessable(
        Object.fromEntries(refused.map((index) => [index, { code: ['value_is_invalid'] }])),
      );
    };
  }

  get address(): string {
    return this.#server.address;
  }

  /** By key: `subscription/id`. */
  get stored(): Map<string, string> {
    return this.#server.stored;
  }

  /** Resolves when so many events are stored. */
  async holds(count: number): Promise<void> {
    while (this.stored.size < count) await this.#server.received(this.#server.requests.length + 1);
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

export const fakeLago = async (): Promise<FakeLago> => new FakeLago(await LagoServer.listen());

/** The keys of events that go to a destination. */
export function keysOf(events: readonly string[], destination: string): string[] {
  return events
    .map((event) => JSON.parse(event) as Event)
    .filter(({ properties }) => RULES[destination]?.includes(properties.rule))
    .map(({ external_subscription_id: subscription, transaction_id: id }) => `${subscription}/${id}`);
}

interface Event {
  readonly transaction_id: string;
  readonly external_subscription_id: string;
  readonly properties: { readonly rule: string };
}

export const refusedKeys = (keys: readonly string[]): string[] =>
  keys.filter((key) => key.startsWith(`${REFUSED}/`));
