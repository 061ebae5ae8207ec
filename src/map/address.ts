/** IP addresses of `ipmatch`: IPv4 and IPv6, single or with a prefix length. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** True when the text is an address in the list; false also when it is no address at all. */
export type AddressMatcher = (text: string) => boolean;

/** Compiles a list of addresses and networks, or says which one is wrong. */
export function compileAddresses(addresses: readonly string[]): AddressMatcher | string {
  const list = new BlockList();
  for (const entry of addresses) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const bare = withoutBrackets(address);
    const family = familyOf(bare);
    const length = prefix === undefined ? undefined : prefixLength(prefix, family);
    if (family === undefined || rest.length > 0 || Number.isNaN(length)) {
      return `invalid ip address: ${JSON.stringify(entry)}; expected an address such as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32`;
    }
    if (length === undefined) list.addAddress(bare, family);
    else list.addSubnet(bare, length, family);
  }
  return (text) => {
    const bare = withoutBrackets(text);
    const family = familyOf(bare);
    return family !== undefined && list.check(bare, family);
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4';
  // A zone (`%eth0`) belongs to a machine, not to an address.
  return isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
}

/** NaN when it is none for this family. */
function prefixLength(text: string, family: 'ipv4' | 'ipv6' | undefined): number {
  const length = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  return length <= (family === 'ipv4' ? 32 : 128) ? length : NaN;
}

function withoutBrackets(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}
