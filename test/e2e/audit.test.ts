import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createSandbox, DEFAULT_KEY, type Sandbox } from '../../src/sandbox/server.ts';
import { lineOf, linesOf } from '../support/lines.ts';
import { Daemon, statusWhen, tailmeter } from '../support/tailmeter.ts';
import { ANY_TIME } from '../support/any-time.ts';

let root: string;
let sandbox: Sandbox;
let log: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-audit-'));
  log = join(root, 'access.log');
  sandbox = await createSandbox();
});
afterAll(async () => {
  await sandbox.close();
  await rm(root, { recursive: true, force: true });
});

/** Writes a configuration with a state of its own. */
async function configure(name: string, address = sandbox.url): Promise<string> {
  const file = join(root, `${name}.yaml`);
  const config = {
    state_dir: join(root, name),
    sources: [{ path: log, format: 'nginx', ...ANY_TIME }],
    rules: [
      {
        name: 'calls',
        event_code: 'test',
        event_transaction_id: '${request_id}',
        event_subscription_id: '${http_x_consumer_username}',
      },
    ],
    destinations: [
      {
        name: 'lago',
        endpoint_addrs: [address],
        token: '$env://LAGO_KEY',
        inactive_timeout: 1,
        buffer_duration: 1,
      },
    ],
    log: { format: 'json' },
  };
  await writeFile(file, stringify(config));
  return file;
}

const env = { LAGO_KEY: DEFAULT_KEY };

test('under load a running daemon has books without a difference, and forged ids in its status', async () => {
  const config = await configure('load');
  await writeFile(log, linesOf('first', 100));
  const daemon = await Daemon.start(config, env);
  const over = new AbortController();
  let written = 100;
  const write = async (): Promise<void> => {
    for (let burst = 0; !over.signal.aborted; burst++) {
      await appendFile(log, linesOf(`burst-${burst}`, 500) + 'no JSON\n');
      written += 501;
      // A machine that is slow to read must not fill its disk.
      await statusWhen(config, ({ sources }) => (sources[0]?.lag_bytes ?? 0) < 10_000_000);
      await turn();
    }
  };
  const look = async (): Promise<void> => {
    for (let audits = 0; audits < 3; audits++) {
      const { code, stdout, stderr } = await tailmeter(['audit', '--config', config, '--online'], env);
      expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: '' });
      expect(stdout).toMatch(/no differences\n$/);
    }
  };
  await Promise.all([write(), look().finally(() => over.abort())]);

  await appendFile(log, Array.from({ length: 10 }, () => lineOf('forged')).join(''));
  const all = await statusWhen(
    config,
    ({ sources, destinations }) =>
      sources[0]?.lines === written + 10 && destinations[0]?.pending === 0 && sources[0].repeated === 9,
  );
  const [lago] = all.destinations;
  expect(lago?.events).toBe((lago?.delivered ?? 0) + (lago?.duplicates ?? 0));
  expect(lago?.duplicates).toBe(9);
  const told = await daemon.logged(({ event }) => event === 'repeated_id');
  expect(told).toMatchObject({ level: 'warn', path: log, transaction_id: 'forged' });
  expect((await tailmeter(['status', '--config', config])).stdout).toContain('9 lines gave an id');
  expect(await daemon.stop()).toBe(0);
  expect(await tailmeter(['audit', '--config', config])).toMatchObject({ code: 0 });
});

test('a difference is a row of the table and exit code 1; the key stands nowhere', async () => {
  await writeFile(log, linesOf('table', 20));
  const config = await configure('table');
  const daemon = await Daemon.start(config, env);
  await statusWhen(config, ({ destinations }) => destinations[0]?.delivered === 20);
  await daemon.stop();

  await using other = { sandbox: await createSandbox(), [Symbol.asyncDispose]: () => other.sandbox.close() };
  await configure('table', other.sandbox.url);
  const { code, stdout } = await tailmeter(['audit', '--config', config, '--online'], env);
  expect(code).toBe(1);
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    [`checked: ${log}, bytes 0 to ${linesOf('table', 20).length}: 20 lines = 0 skipped + 0 dead + 20 mapped`],
    [''],
    ['scope', 'what', 'expected', 'found'],
    [
      'destination lago, subscription jack_test',
      'events at Lago, missing: table-0, table-1, table-2, table-3, table-4, …',
      '20',
      '0',
    ],
    [''],
    ['1 difference'],
    [''],
  ]);
  const json = await tailmeter(['audit', '--config', config, '--online', '--json'], env);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    differences: [{ expected: 20, found: 0 }],
    notes: [],
    generations: [{ path: log, checked: true }],
  });

  const refused = await tailmeter(['audit', '--config', config, '--online'], { LAGO_KEY: 'wrong-key' });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('lago api returned status: 401');
  for (const output of [stdout, json.stdout, refused.stdout, refused.stderr]) {
    expect(output).not.toContain(DEFAULT_KEY);
    expect(output).not.toContain('wrong-key');
  }
});
