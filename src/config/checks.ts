/** What a schema cannot say: how the parts of a configuration fit together. */
import type { ConfigProblem } from '../errors.ts';
import { itemsOf, textOf } from './draft.ts';
import type { Draft } from './draft.ts';
import type { Config } from './types.ts';

/** Every contradiction between keys of a completed draft. */
export function crossCheck(draft: Draft): ConfigProblem[] {
  return [
    ...duplicates(draft, 'sources', 'path', (path) => path),
    ...duplicates(draft, 'rules', 'name', (name) => name),
    // Names of destinations are names of folders, and some file systems take no notice of case.
    ...duplicates(draft, 'destinations', 'name', (name) => name.toLowerCase()),
    ...unknownDestinations(draft),
    ...addresses(draft),
    ...halfCertificates(draft),
  ];
}

function duplicates(
  draft: Draft,
  list: string,
  key: string,
  identity: (text: string) => string,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seen = new Map<string, string>();
  for (const { path, item } of itemsOf(draft, list)) {
    const text = textOf(item, key);
    if (text === undefined) continue;
    const first = seen.get(identity(text));
    if (first === undefined) seen.set(identity(text), path);
    else
      problems.push({ path: `${path}.${key}`, message: `${JSON.stringify(text)} is also that of ${first}` });
  }
  return problems;
}

function unknownDestinations(draft: Draft): ConfigProblem[] {
  const destinations = itemsOf(draft, 'destinations');
  const names = destinations.flatMap(({ item }) => textOf(item, 'name') ?? []);
  // Without one usable name, the destinations are what has to be mended.
  if (names.length === 0) return [];
  const problems: ConfigProblem[] = [];
  for (const { path, item } of itemsOf(draft, 'rules')) {
    const to = textOf(item, 'to');
    if (item['to'] === undefined && destinations.length > 1) {
      problems.push({
        path: `${path}.to`,
        message: `required where there is more than one destination; expected one of ${names.join(', ')}`,
      });
    } else if (to !== undefined && !names.includes(to)) {
      problems.push({
        path: `${path}.to`,
        message: `no destination has this name; expected one of ${names.join(', ')}, got ${JSON.stringify(to)}`,
      });
    }
  }
  return problems;
}

function addresses(draft: Draft): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const { path, item } of itemsOf(draft, 'destinations')) {
    const list = item['endpoint_addrs'];
    if (!Array.isArray(list)) continue;
    for (const [index, address] of list.entries()) {
      const message = typeof address === 'string' ? addressProblem(address) : undefined;
      if (message !== undefined) problems.push({ path: `${path}.endpoint_addrs[${index}]`, message });
    }
  }
  return problems;
}

/** What is wrong with an address that already begins like one. Never shows it: it may hold a password. */
function addressProblem(address: string): string | undefined {
  if (!/^https?:\/\/[^\s/?#]/i.test(address)) return undefined; // the schema has told
  if (!URL.canParse(address)) return 'not a URL: the host or the port is wrong';
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') {
    return 'user and password have no place in an address; the key of Lago stands in token';
  }
  if (/[?#]/.test(address)) return 'an address ends with its host, port or path; no ? or # is allowed';
  return undefined;
}

function halfCertificates(draft: Draft): ConfigProblem[] {
  return itemsOf(draft, 'destinations').flatMap(({ path, item }) => {
    const certificate = textOf(item, 'cert_file');
    const key = textOf(item, 'key_file');
    if ((certificate === undefined) === (key === undefined)) return [];
    const [present, missing] =
      certificate === undefined ? ['key_file', 'cert_file'] : ['cert_file', 'key_file'];
    return [{ path: `${path}.${missing}`, message: `required where ${present} is set` }];
  });
}

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
