import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insecureEndpoints } from '../../src/config/checks.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/config', import.meta.url));
const configsIn = (folder: string): string[] =>
  readdirSync(join(fixtures, folder)).filter((name) => !name.includes('.expected.'));
const expectedOf = (folder: string, name: string, ending: string): Promise<string> =>
  readFile(join(fixtures, folder, name.replace(/\.\w+$/, `.expected.${ending}`)), 'utf8');

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'tailmeter.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const small = (changes: { source?: string; rule?: string; destination?: string; top?: string }): string => `
sources: [{ path: a.log, ${changes.source ?? ''} }]
rules: [{ event_code: a, event_subscription_id: $b, ${changes.rule ?? ''} }]
destinations: [{ endpoint_addrs: [https://lago], token: key, ${changes.destination ?? ''} }]
${changes.top ?? ''}`;

describe('a valid configuration', () => {
  it.each(configsIn('valid'))('%s gets its defaults, names and absolute paths', async (name) => {
    const text = await readFile(join(fixtures, 'valid', name), 'utf8');
    const expected: unknown = JSON.parse(await expectedOf('valid', name, 'json'));
    expect(parseConfig(text, `/etc/tailmeter/${name}`)).toEqual(expected);
  });

  it('is frozen to its leaves', () => {
    const config = parseConfig(small({ rule: 'filter: [[status, <, 400]]' }), 'tailmeter.yaml');
    const trees: unknown[] = [config];
    for (const value of trees) {
      expect(Object.isFrozen(value)).toBe(true);
      trees.push(...Object.values(value as object).filter((child) => typeof child === 'object'));
    }
    expect(trees.length).toBeGreaterThan(9);
  });

  it('takes relative paths from the folder of the file, wherever the process stands', () => {
    const config = parseConfig(small({ top: 'state_dir: ../state' }), 'etc/tailmeter.yaml');
    expect(config.state_dir).toBe(join(process.cwd(), 'state'));
    expect(config.sources[0]?.path).toBe(join(process.cwd(), 'etc/a.log'));
  });

  it('keeps the limits of the plugin: its smallest and largest values pass', () => {
    const smallest =
      'batch_max_size: 1, inactive_timeout: 1, buffer_duration: 1, max_retry_count: 0, retry_delay: 0, timeout: 1, keepalive_timeout: 1000, keepalive_pool: 1';
    expect(problemsOf(small({ destination: smallest }))).toEqual([]);
    expect(problemsOf(small({ destination: 'batch_max_size: 100, timeout: 60000' }))).toEqual([]);
  });
});

describe('a wrong configuration', () => {
  it.each(configsIn('invalid'))('%s gives every problem with its path', async (name) => {
    const text = await readFile(join(fixtures, 'invalid', name), 'utf8');
    const file = `/etc/tailmeter/${name}`;
    const expected = (await expectedOf('invalid', name, 'txt')).trimEnd().split('\n');
    const error = errorOf(() => parseConfig(text, file));
    expect(error.message.split('\n')).toEqual(expected.map((line) => `${file}: ${line}`));
    expect(error.exitCode).toBe(2);
    expect(error.message).not.toContain('hunter2');
  });

  it('names type, path and finding in the words of the gateway', () => {
    const text = small({}).replace('[https://lago]', 'https://lago');
    expect(problemsOf(text)).toEqual([
      'destinations[0].endpoint_addrs: wrong type: expected array, got string',
    ]);
  });

  it.each([
    ['state_dirs', 'state_dir'],
    ['sorces', 'sources'],
    ['destination', 'destinations'],
    ['mathc', 'match'],
  ])('asks whether %s was meant as %s', (wrong, right) => {
    expect(problemsOf(small({ top: `${wrong}: x` }))).toEqual([
      `${wrong}: unknown key; did you mean ${right}?`,
    ]);
  });

  it('does not guess what is far from every key', () => {
    const [problem] = problemsOf(small({ top: 'zebra: x' }));
    expect(problem).toBe(
      'zebra: unknown key; expected one of state_dir, sources, rules, match, destinations, spool, dead, log',
    );
  });

  it('refuses keys that JavaScript gives a meaning', () => {
    expect(problemsOf(small({ top: '__proto__: { match: first }' }))).toHaveLength(1);
    expect(problemsOf(small({ top: 'constructor: x' }))).toHaveLength(1);
  });

  it('refuses aliases that grow without end', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
      bomb.push(`${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(',')}]`);
    }
    expect(problemsOf(bomb.join('\n'))[0]).toContain('alias');
  });

  it.each(['.', '..', 'a/b', 'a\\b', '-a', '.hidden', 'a.', 'a ', 'ä', 'a\u0000b', 'x'.repeat(65)])(
    'refuses %j as the name of a destination, which is that of a folder',
    (name) => {
      expect(problemsOf(small({ destination: `name: ${JSON.stringify(name)}` }))[0]).toMatch(
        /^destinations\[0\]\.name: /,
      );
    },
  );
});

describe('loading a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tailmeter-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('says in one line that a file is missing or is a folder', async () => {
    const missing = join(folder, 'missing.yaml');
    const error = await loadConfig(missing).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toBe(`${missing}: no such file`);
    await expect(loadConfig(folder)).rejects.toThrow(`${folder}: it is a folder`);
  });

  it('leaves references to secrets alone without an environment', async () => {
    const file = join(folder, 'reference.yaml');
    await writeFile(file, small({}).replace('token: key', 'token: $env://NOT_SET_ANYWHERE'));
    expect((await loadConfig(file)).destinations[0]?.token).toBe('$env://NOT_SET_ANYWHERE');
  });

  it('tells unresolvable secrets together with all other problems', async () => {
    const file = join(folder, 'both.yaml');
    await writeFile(file, small({ top: 'mtach: all' }).replace('token: key', 'token: $env://LAGO_API_KEY'));
    await expect(loadConfig(file, {})).rejects.toMatchObject({
      problems: [
        { path: 'mtach', message: 'unknown key; did you mean match?' },
        { path: 'destinations[0].token', message: 'environment variable LAGO_API_KEY is not set' },
      ],
    });
  });
});

describe('plain http', () => {
  it('is insecure unless it stays on this host', () => {
    const secure = [
      'https://lago',
      'http://localhost:3000',
      'http://a.localhost',
      'http://127.1.2.3',
      'http://[::1]:1',
    ];
    const insecure = [
      'http://lago',
      'HTTP://10.0.0.1/x',
      'http://localhost.example',
      'http://127.example',
      'http://[::2]',
    ];
    const list = JSON.stringify([...secure, ...insecure]);
    const config = parseConfig(small({}).replace('[https://lago]', list), 'tailmeter.yaml');
    expect(insecureEndpoints(config)).toEqual(insecure);
  });
});

function errorOf(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}
