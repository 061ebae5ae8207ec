import type { Config } from './types.ts';

/** The endpoints that get the key of Lago without TLS over a network: plain http, and not this host itself. */
export function insecureEndpoints(config: Config): string[] {
  const addresses = config.destinations.flatMap((destination) => destination.endpoint_addrs);
  return addresses.filter((address) => {
    const { protocol, hostname } = new URL(address);
    return protocol === 'http:' && !isLoopback(hostname);
  });
}

/** `hostname` as `URL` writes it: lower case, IPv4 in four decimals, IPv6 in brackets and shortened. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    /^127(?:\.\d+){3}$/.test(hostname) ||
    hostname === '[::1]' ||
    hostname.startsWith('[::ffff:7f')
  );
}
