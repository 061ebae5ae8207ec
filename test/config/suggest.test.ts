import { describe, expect, it } from 'vitest';
import { suggest } from '../../src/config/suggest.ts';

const keys = ['token', 'timeout', 'keepalive', 'keepalive_timeout', 'endpoint_addrs', 'to'];

describe('a suggestion', () => {
  it.each([
    ['tokne', 'token'],
    ['tokens', 'token'],
    ['time_out', 'timeout'],
    ['keepAliveTimeout', 'keepalive_timeout'],
    ['endpoint_addresses', 'endpoint_addrs'],
    ['ENDPOINT-ADDRS', 'endpoint_addrs'],
  ])('for %s is %s', (word, meant) => {
    expect(suggest(word, keys)).toBe(meant);
  });

  it('is not made for a word that is near to none, empty or endless', () => {
    expect(suggest('retries', keys)).toBeUndefined();
    expect(suggest('', ['token'])).toBeUndefined();
    expect(suggest('x'.repeat(1_000_000), keys)).toBeUndefined();
  });
});
