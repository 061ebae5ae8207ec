/**
 * The connections to one address of Lago, each an undici client of its own. HTTP/1.1, one request per connection at a
 * time; nothing is retried, redirected or pipelined below us.
 *
 * Why not undici's pool: a request that follows the one before at once finds that one's connection still taken, and goes
 * through a queue and two events until it gets it: CPU time that every request of a catch-up would take.
 */
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { LagoDestinationConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import { connector } from './connector.ts';
import { symbols } from './undici.ts';

/** Has one request at a time. */
export interface Connection {
  dispatcher: Dispatcher;
  /** Milliseconds for which it stays open without a request. */
  readonly keepMs: number;
  isFree: boolean;
  /** When its dispatcher was made, in milliseconds of `performance.now`. */
  madeAt: number;
}

/** Connections beyond `keepalive_pool` are closed when so many bursts of requests, `inactive_timeout` apart, did without. */
const SURPLUS_BURSTS = 2;

export class HttpClient {
  /** The address as configured, without credentials: for people. */
  readonly address: string;
  readonly #origin: string;
  #open: (keepMs: number) => Dispatcher;
  readonly #config: LagoDestinationConfig;
  /** The first that is free is taken, so that those beyond `keepalive_pool` are used only when all others are. */
  readonly #connections: Connection[] = [];
  readonly #headers: Record<string, string>;
  readonly #request: Omit<Dispatcher.DispatchOptions, 'body'>;

  /**
   * @param userAgent `tailmeter/1.2.3`
   * @throws ConfigError when a certificate or key file cannot be read
   */
  constructor(address: string, config: LagoDestinationConfig, userAgent: string) {
    const url = new URL(address.replace(/\/+$/, '') + config.endpoint_uri.replace(/^\/*/, '/'));
    this.address = withoutCredentials(address);
    this.#origin = url.origin;
    this.#open = connector(url.origin, config);
    this.#config = config;
    this.#headers = {
      'content-type': 'application/json',
      // Without it Rails may answer a 400 as a web page.
      accept: 'application/json',
      'accept-encoding': 'identity',
      authorization: `Bearer ${config.token}`,
      'user-agent': userAgent,
    };
    this.#request = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: this.#headers,
      // `Exchange` has one timer for all; two that differ would be made anew with each request.
      headersTimeout: 0,
      bodyTimeout: 0,
      reset: !config.keepalive,
    };
  }

  get isTls(): boolean {
    return this.#origin.startsWith('https:');
  }

  /** From now on. */
  useToken(token: string): void {
    this.#headers['authorization'] = `Bearer ${token}`;
  }

  /** From now on connections are made with what stands in the certificate files now; those in use are closed after it. */
  useFiles(): void {
    try {
      this.#open = connector(this.#origin, this.#config);
    } catch (error) {
      // One of them is just replaced: the old ones stay.
      if (error instanceof ConfigError) return;
      throw error;
    }
    for (const connection of this.#connections) {
      if (connection.isFree) this.renew(connection);
      else connection.madeAt = Number.NEGATIVE_INFINITY;
    }
  }

  /** A connection for one request: one that is free, or a new one. */
  take(): Connection {
    let connection = this.#connections.find(({ isFree }) => isFree);
    if (connection === undefined) {
      const { keepalive_pool: most, keepalive_timeout: kept, inactive_timeout: pause } = this.#config;
      const surplus = Math.min(kept, pause * 1000 * SURPLUS_BURSTS);
      const keepMs = this.#connections.length < most ? kept : surplus;
      connection = { dispatcher: this.#open(keepMs), keepMs, isFree: true, madeAt: performance.now() };
      this.#connections.push(connection);
    }
    // A name may lead elsewhere by now.
    if (performance.now() - connection.madeAt > this.#config.keepalive_lifetime) this.renew(connection);
    connection.isFree = false;
    return connection;
  }

  /** Sends one request; everything that happens to it, also a failure, is told to `handler` alone. */
  post({ dispatcher }: Connection, body: Buffer, handler: Dispatcher.DispatchHandler): void {
    dispatcher.dispatch({ ...this.#request, body }, handler);
  }

  /** Whether all of its request has left us, as far as can be known. */
  hasSent({ dispatcher }: Connection): boolean {
    return (socketOf(dispatcher)?.writableLength ?? 0) === 0;
  }

  /** What was read from it so far; 0 when that cannot be known. */
  bytesRead({ dispatcher }: Connection): number {
    return socketOf(dispatcher)?.bytesRead ?? 0;
  }

  /** Its request has ended well. */
  giveBack(connection: Connection): void {
    connection.isFree = true;
  }

  /** Its request failed, or it is old: what is left of the connection is closed, and the next request has another one in its place. */
  renew(connection: Connection): void {
    void connection.dispatcher.destroy();
    connection.dispatcher = this.#open(connection.keepMs);
    connection.madeAt = performance.now();
    connection.isFree = true;
  }

  /** Aborts what is in flight and closes all connections. */
  async destroy(): Promise<void> {
    await Promise.all(this.#connections.map(({ dispatcher }) => dispatcher.destroy()));
  }
}

/** A proxy's is out of sight. */
function socketOf(dispatcher: Dispatcher): Socket | null | undefined {
  return (dispatcher as unknown as Record<symbol, Socket | null | undefined>)[symbols.kSocket];
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}
