/**
 * Makes the fixture `fixtures/state-0.1.0/` by running that version:
 *
 *     git worktree add /tmp/v010 479a536 && node /tmp/v010/scripts/setup.mjs
 *     node_modules/.bin/node test/takeover/make.ts /tmp/v010
 *
 * The story: Lago stores the first requests of two logs and refuses one event for good; then it is down for both
 * destinations, and their chunks wait. One log is rotated. The daemon is stopped, and the gateway goes on writing, to the
 * file that was rotated, too.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../src/config/types.ts';
import { fixtureFolder, folderIn, packFixture, ROOT, type Expected } from './state-fixture.ts';
import { configuration, fakeLago, keysOf, refusedKeys } from './world.ts';

const VERSION = '0.1.0';
const [older = ''] = process.argv.slice(2);
const bin = join(older, 'bin/tailmeter.js');
const { version } = JSON.parse(await readFile(join(older, 'package.json'), 'utf8')) as { version: string };
if (version !== VERSION) throw new Error(`${older} has version ${version}`);

const folder = folderIn(await mkdtemp(join(tmpdir(), 'tailmeter-make-')));
const [usage, rotated, holes] = ['logs/usage.log', 'logs/usage.log.1', 'logs/holes.log'] as const;
const at = (log: string): string => join(folder, log);
await mkdir(join(folder, 'logs'), { recursive: true });

let requests = 0;
/** On 28 November 2026. */
const line = (more: Record<string, unknown> = {}): string => {
  const number = requests++;
  return `${JSON.stringify({
    msec: 1_795_860_000 + number / 8,
    request_time: 0.125,
    request_id: `r-${number}`,
    http_x_consumer_username: `customer-${number % 3}`,
    status: 200,
    uri: number % 4 === 0 ? '/v1/chat' : '/v1/models',
    http_user_agent: 'client/1.0',
    ...more,
  })}\n`;
};
const lines = (count: number): string => Array.from({ length: count }, () => line()).join('');
const NO_JSON = 'upstream timed out (110: Connection timed out)\n';
const tooLong = (): string => line({ uri: `/v1/${'x'.repeat(5000)}` });
/** NGINX's `escape=default`; a byte that is no UTF-8; a hole where a number belongs. */
const odd = (): Buffer =>
  Buffer.from(
    line({ http_user_agent: 'a "quoted" \u00e9' }).replace('\\"quoted\\"', '\\x22quoted\\x22') +
      line({ http_user_agent: 'caf\u00e9' }) +
      line({ request_time: 'HOLE' }).replace('"HOLE"', '-'),
    'latin1',
  );

const servers = { lago: await fakeLago(), eu: await fakeLago() };
const config = configuration({ lago: servers.lago.address, eu: servers.eu.address });
const file = join(folder, 'tailmeter.json');
await writeFile(file, JSON.stringify(config));

interface Status {
  readonly sources: readonly { lines: number }[];
  readonly destinations: readonly { pending: number; delivered: number }[];
}
const tailmeter = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [bin, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const until = async (wished: (status: Status) => boolean): Promise<void> => {
  while (!wished(JSON.parse(tailmeter('status', '--config', file, '--json')) as Status)) await delay(100);
};
const counted = (count: number) => (status: Status) =>
  status.sources.reduce((sum, source) => sum + source.lines, 0) === count;
const waiting = async (destination: string): Promise<number> =>
  (await readdir(join(folder, 'state/spool', destination))).length;
const chunksWait = async (count: number): Promise<void> => {
  while ((await waiting('lago')) < count || (await waiting('eu')) < count) await delay(100);
};
const start = async (): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [bin, 'run', '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const chunk of child.stderr) if (String(chunk).includes('"started"')) break;
  return child;
};

// The first line is longer than what a fingerprint is made of; the other log begins with a hole, as a writer without
// O_APPEND leaves it after copytruncate.
await writeFile(at(usage), line({ http_user_agent: `client/${'0'.repeat(1500)}` }) + lines(20));
await appendFile(at(usage), line({ http_x_consumer_username: 'refused' }));
await appendFile(at(usage), NO_JSON + tooLong() + line({ http_x_consumer_username: '' }));
await writeFile(at(holes), `${'\0'.repeat(2000)}${line()}${lines(10)}`);
const daemon = await start();
await until((status) => counted(36)(status) && status.destinations.every(({ pending }) => pending === 0));
const stored = { lago: [...servers.lago.stored.keys()], eu: [...servers.eu.stored.keys()] };

servers.lago.down = servers.eu.down = true;
await appendFile(at(usage), odd());
await appendFile(at(usage), lines(15) + NO_JSON);
await chunksWait(1);
await rename(at(usage), at(rotated));
await writeFile(at(usage), lines(20));
await appendFile(at(holes), lines(5));
await until(counted(80));
await chunksWait(3);
await delay(1500);
daemon.kill('SIGTERM');
await once(daemon, 'exit');
await servers.lago.close();
await servers.eu.close();

await appendFile(at(rotated), lines(3));
await appendFile(
  at(usage),
  lines(7) + NO_JSON + line({ msec: undefined }) + odd().toString('latin1'),
  'latin1',
);
await appendFile(at(holes), lines(2));

const logs = { '1': rotated, '2': usage, '3': holes };
const events = Object.fromEntries(
  Object.values(logs).map((log) => [
    log,
    tailmeter('preview', '--config', file, at(log))
      .split('\n')
      .filter((event) => event !== ''),
  ]),
);
const { loadConfig } = (await import(join(older, 'src/config/load.ts'))) as {
  loadConfig: (file: string) => Promise<Config>;
};
const { sources, rules, match } = await loadConfig(file);
const mapping = JSON.stringify([
  sources.map(({ path, format, max_line_bytes: limit }) => [path, format, limit]),
  rules,
  match,
]);
const checkpoint = await readFile(join(folder, 'state/checkpoint.json'), 'utf8');
if (!checkpoint.includes(createHash('sha256').update(mapping).digest('hex'))) {
  throw new Error('the checkpoint is of another mapping');
}
const expected: Expected = {
  logs,
  mapping: mapping.replaceAll(folder, ROOT),
  events,
  stored,
  refused: {
    lago: refusedKeys(keysOf(events[rotated] ?? [], 'lago')),
    eu: refusedKeys(keysOf(events[rotated] ?? [], 'eu')),
  },
  deadLines: 6,
};
await rm(file);
await cp(join(fixtureFolder(VERSION), 'README.md'), join(folder, 'README.md')).catch(() => undefined);
await packFixture(folder, VERSION, expected);
