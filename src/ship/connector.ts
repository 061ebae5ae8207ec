/** How a connection to Lago is made: TLS, timeouts, through a proxy where one is configured. */
import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import type { LagoDestinationConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import { MOST_HEADER_BYTES } from './deadline.ts';
import { proxyOf } from './proxy-env.ts';
import { toughen } from './tough-parser.ts';
import { Client, buildConnector, symbols, wholeSymbols, wholeUndici } from './undici.ts';

/** Also when the server says that it would keep it for longer. */
const keptFor = (keepMs: number) => ({ keepAliveTimeout: keepMs, keepAliveMaxTimeout: keepMs });

/**
 * @returns what makes a connection, which is kept for `keepMs` without a request: an undici dispatcher that connects
 * when it is first used, and again when it was closed
 * @throws ConfigError when a certificate or key file cannot be read, or the environment names no proxy that can be one
 */
export function connector(origin: string, config: LagoDestinationConfig): (keepMs: number) => Dispatcher {
  const { timeout } = config;
  const proxy = proxyOf(origin, config.proxy);
  const tls = {
    rejectUnauthorized: config.ssl_verify,
    timeout,
    ...pem('ca', config.ca_file),
    ...pem('cert', config.cert_file),
    ...pem('key', config.key_file),
  };
  const options = {
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MOST_HEADER_BYTES,
    allowH2: false,
  };
  if (proxy === undefined) {
    // One for all of them, so that they share TLS sessions.
    const connect = buildConnector({ ...tls, allowH2: false });
    return (keepMs) => toughen(new Client(origin, { ...options, ...keptFor(keepMs), connect }), symbols);
  }
  // Not ours: what a proxy agent makes for itself has to be of the same copy of undici.
  const { ProxyAgent, Pool, Client: ProxiedClient } = wholeUndici();
  return (keepMs) =>
    new ProxyAgent({
      ...options,
      uri: proxy,
      requestTls: tls,
      connectTimeout: timeout,
      factory: (to, given: Client.Options) =>
        toughen(new ProxiedClient(to, { ...given, ...options, ...keptFor(keepMs) }), wholeSymbols()),
      clientFactory: (proxyOrigin, given) => new Pool(proxyOrigin, { ...given, headersTimeout: timeout }),
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
