/** `proxy: env`: the proxy that the environment names for an address, by the conventions of curl. */
import { ConfigError } from '../errors.ts';

/** Of an address; undefined when it is reached without one. @throws ConfigError when the variable holds no URL */
export function proxyOf(
  origin: string,
  proxy: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  if (proxy !== 'env') return proxy;
  const url = new URL(origin);
  if (isExcepted(url, valueOf(env, 'NO_PROXY').value)) return undefined;
  // Without HTTP_PROXY in capitals: in a CGI a client could set it.
  const named = url.protocol === 'https:' ? valueOf(env, 'HTTPS_PROXY') : valueOf(env, 'HTTP_PROXY', true);
  const { name, value } = named.value === '' ? valueOf(env, 'ALL_PROXY') : named;
  if (value === '') return undefined;
  const address = value.includes('://') ? value : `http://${value}`;
  if (/^https?:\/\//i.test(address) && URL.canParse(address)) return address;
  throw new ConfigError(`environment variable ${name}`, [
    { path: '', message: 'holds no URL like http://proxy.internal:3128' },
  ]);
}

function valueOf(env: NodeJS.ProcessEnv, name: string, onlySmall = false): { name: string; value: string } {
  const small = name.toLowerCase();
  const value = env[small]?.trim() ?? '';
  if (value !== '' || onlySmall) return { name: small, value };
  return { name, value: env[name]?.trim() ?? '' };
}

/** `NO_PROXY`: names (with all below them), addresses, each also with a port, by commas or spaces; `*` is all. */
function isExcepted({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const actualPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((exception) => {
      if (exception === '*') return true;
      const [, name = '', onlyPort] =
        /^\*?\.?(\[[^\]]*\]|[^:]*|[^[]*:[^:]*:.*?)(?::(\d+))?$/.exec(exception) ?? [];
      if (name === '' || (onlyPort !== undefined && onlyPort !== actualPort)) return false;
      const plain = name.replace(/^\[|\]$/g, '');
      return host === plain || host.endsWith(`.${plain}`);
    });
}
