import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { redact } from '../../src/config/redact.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import type { Config, LagoDestinationConfig } from '../../src/config/types.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailmeter-secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));

const textWith = (destination: Partial<LagoDestinationConfig>): string =>
  JSON.stringify({
    sources: [{ path: 'a.log' }],
    rules: [{ event_code: 'a', event_subscription_id: '$b' }],
    destinations: [{ endpoint_addrs: ['https://lago'], token: 'key', ...destination }],
  });

const configWith = (destination: Partial<LagoDestinationConfig>): Config =>
  parseConfig(textWith(destination), join(folder, 'tailmeter.json'));

/** The same from a file, with its references resolved. */
async function loadedWith(
  destination: Partial<LagoDestinationConfig>,
  env: NodeJS.ProcessEnv,
): Promise<Config> {
  const file = join(folder, 'tailmeter.json');
  await writeFile(file, textWith(destination));
  return loadConfig(file, env);
}

async function fileWith(text: string): Promise<string> {
  const file = join(folder, `secret-${Math.random()}`);
  await writeFile(file, text);
  return file;
}

describe('resolving references', () => {
  it('takes a key from the environment, from a file without its last newline, or as it stands', async () => {
    const [unix, dos] = [await fileWith('from-file\n'), await fileWith('from-file\r\n')];
    const env = { KEY: 'from-env' };
    for (const [token, expected] of [
      ['$env://KEY', 'from-env'],
      [`$file://${unix}`, 'from-file'],
      [`$file://${dos}`, 'from-file'],
      ['$literal', '$literal'],
    ] as const) {
      const resolved = await loadedWith({ token }, env);
      expect(resolved.destinations[0]?.token).toBe(expected);
      expect(Object.isFrozen(resolved.destinations[0])).toBe(true);
    }
  });

  it('leaves references as they are when it has no environment', () => {
    expect(configWith({ token: '$env://KEY' }).destinations[0]?.token).toBe('$env://KEY');
  });

  it.each([
    [{ token: '$env://KEY' }, 'destinations[0].token: environment variable KEY is not set'],
    [{ token: '$env://EMPTY' }, 'destinations[0].token: environment variable EMPTY is empty'],
    [
      { token: '$env://LINES' },
      'destinations[0].token: environment variable LINES holds more than one line, spaces or characters that cannot be sent in a header',
    ],
    [{ token: '$file:///no/such/file' }, 'destinations[0].token: cannot read /no/such/file: no such file'],
    [{ token: '$file:///' }, 'destinations[0].token: cannot read /: it is a folder'],
    [
      { token: '$file://relative' },
      'destinations[0].token: expected an absolute path as in $file:///path, got $file://relative',
    ],
    [{ proxy: '$env://PROXY' }, 'destinations[0].proxy: environment variable PROXY is not set'],
    [
      { proxy: '$env://WORD' },
      'destinations[0].proxy: environment variable WORD holds no URL like http://proxy.internal:3128',
    ],
    [{ ca_file: '/no/ca.pem' }, 'destinations[0].ca_file: cannot read /no/ca.pem: no such file'],
  ])('says why %j leads to nothing, without showing a content', async (destination, problem) => {
    const env = { EMPTY: '', LINES: 'one\ntwo', WORD: 'hunter2' };
    const resolved = loadedWith(destination, env);
    await expect(resolved).rejects.toMatchObject({
      message: `${join(folder, 'tailmeter.json')}: ${problem}`,
    });
  });
});

describe('what must not be shown', () => {
  it('is each key and password, in every form in which it travels', async () => {
    const config = await loadedWith(
      { token: 'to"ken', proxy: '$env://PROXY' },
      { PROXY: 'http://user:p%40ss@proxy:3128' },
    );
    const authorization = Buffer.from('user:p@ss').toString('base64');
    const shown = redact(
      `to"ken ${JSON.stringify({ token: 'to"ken' })} http://user:p%40ss@proxy p@ss Basic ${authorization}`,
      secretsOf(config),
    );
    expect(shown).toBe(
      '[redacted] {"token":"[redacted]"} http://user:[redacted]@proxy [redacted] Basic [redacted]',
    );
  });

  it('is not the reference itself, nor a proxy without a password', () => {
    expect(secretsOf(configWith({ token: '$env://KEY', proxy: 'http://user@proxy' }))).toEqual([]);
  });

  it('goes entirely where one secret is a part of another', () => {
    expect(redact('abcdef abc', ['abc', 'abcdef', ''])).toBe('[redacted] [redacted]');
  });
});
