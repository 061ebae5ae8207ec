import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { proxyOf } from '../../src/ship/proxy-env.ts';

const of = (address: string, env: NodeJS.ProcessEnv): string | undefined => proxyOf(address, 'env', env);
const PROXY = 'http://proxy:3128';

describe('proxy: env', () => {
  it('goes by the scheme of the address', () => {
    const env = { HTTPS_PROXY: PROXY, http_proxy: 'http://plain:8080' };
    expect(of('https://api.getlago.com', env)).toBe(PROXY);
    expect(of('http://lago:3000', env)).toBe('http://plain:8080');
    expect(of('https://lago', {})).toBeUndefined();
    expect(of('https://lago', { https_proxy: 'small:1', HTTPS_PROXY: PROXY })).toBe('http://small:1');
    expect(of('https://lago', { ALL_PROXY: PROXY })).toBe(PROXY);
    // A client of a CGI could set it, as its header "Proxy".
    expect(of('http://lago', { HTTP_PROXY: PROXY })).toBeUndefined();
  });

  it.each<[string, string, boolean]>([
    ['https://lago.internal', 'lago.internal', true],
    ['https://lago.internal', 'internal', true],
    ['https://lago.internal', '.internal', true],
    ['https://lago.internal', '*.internal', true],
    ['https://lago.internal', 'other, INTERNAL', true],
    ['https://lago.internal', '*', true],
    ['https://lago.internal:3000', 'lago.internal:3000', true],
    ['https://lago.internal', 'lago.internal:443', true],
    ['https://lago.internal:3000', 'lago.internal:443', false],
    ['https://lago.internal', 'ago.internal', false],
    ['https://lago.internal', '', false],
    ['https://127.0.0.1:3000', '127.0.0.1', true],
    ['https://[::1]:3000', '::1', true],
    ['https://[::1]:3000', '[::1]:3000', true],
  ])('%s with NO_PROXY=%s: without a proxy %s', (address, exceptions, without) => {
    expect(of(address, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions }) === undefined).toBe(without);
  });

  it('says which variable holds no URL', () => {
    expect(() => of('https://lago', { HTTPS_PROXY: 'socks5://x:1' })).toThrow(ConfigError);
    expect(() => of('https://lago', { HTTPS_PROXY: 'socks5://x:1' })).toThrow(/HTTPS_PROXY.*holds no URL/);
  });

  it('leaves any other setting alone', () => {
    expect(proxyOf('https://lago', undefined, { HTTPS_PROXY: PROXY })).toBeUndefined();
    expect(proxyOf('https://lago', 'http://own:1', { NO_PROXY: '*' })).toBe('http://own:1');
  });
});
