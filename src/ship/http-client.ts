/**
 * The connections to one address of Lago: an undici pool, through a proxy where one is configured. HTTP/1.1, one
 * request per connection at a time; nothing is retried, redirected or pipelined below us.
 */
import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import type { LagoDestinationConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import { Pool, wholeUndici } from './undici.ts';

export class HttpClient {
  /** The address as configured, without credentials: for people. */
  readonly address: string;
  readonly #dispatcher: Dispatcher;
  readonly #request: Omit<Dispatcher.DispatchOptions, 'body'>;

  /**
   * @param userAgent `tailmeter/1.2.3`
   * @throws ConfigError when a certificate or key file cannot be read
   */
  constructor(address: string, config: LagoDestinationConfig, userAgent: string) {
    const url = new URL(address.replace(/\/+$/, '') + config.endpoint_uri.replace(/^\/*/, '/'));
    this.address = withoutCredentials(address);
    this.#dispatcher = connect(url.origin, config);
    this.#request = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        // Without it Rails may answer a 400 as a web page.
        accept: 'application/json',
        authorization: `Bearer ${config.token}`,
        'user-agent': userAgent,
      },
      headersTimeout: config.timeout,
      bodyTimeout: config.timeout,
      reset: !config.keepalive,
    };
  }

  /** Sends one request; everything that happens to it, also a failure, is told to `handler` alone. */
  post(body: Buffer, handler: Dispatcher.DispatchHandler): void {
    this.#dispatcher.dispatch({ ...this.#request, body }, handler);
  }

  /** Aborts what is in flight and closes all connections. */
  async destroy(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

/**
 * As many connections as may be in flight, even if `keepalive_pool` is smaller: as with the plugin, whose pool
 * limits only what is kept idle, a request never waits for a connection.
 */
export function connect(origin: string, config: LagoDestinationConfig): Dispatcher {
  const { timeout, proxy } = config;
  const tls = {
    rejectUnauthorized: config.ssl_verify,
    timeout,
    ...pem('ca', config.ca_file),
    ...pem('cert', config.cert_file),
    ...pem('key', config.key_file),
  };
  const options = {
    connections: Math.max(config.keepalive_pool, config.concurrency),
    keepAliveTimeout: config.keepalive_timeout,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connectTimeout: timeout,
    allowH2: false,
  };
  if (proxy === undefined) return new Pool(origin, { ...options, connect: tls });
  const { ProxyAgent, Pool: ProxiedPool } = wholeUndici();
  return new ProxyAgent({
    ...options,
    uri: proxy,
    requestTls: tls,
    clientFactory: (proxyOrigin, given) =>
      new ProxiedPool(proxyOrigin, { ...given, headersTimeout: timeout }),
  });
}

function pem<Name extends string>(name: Name, file: string | undefined): Partial<Record<Name, Buffer>> {
  if (file === undefined) return {};
  try {
    return { [name]: readFileSync(file) } as Record<Name, Buffer>;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${problem}` }]);
  }
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}
