/**
 * Takes over the state directory of an older version (`fixtures/state-0.1.0/`, made by make.ts), as an upgrade does.
 *
 * The times in it are of November 2026. Sources get the widest limits for plausible ones, as soon as there are such
 * limits (`LIMITS`): this must not fail because years have gone by, or because a clock is behind.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sourceSchema } from '../../src/config/schema/source.ts';
import type { Status } from '../../src/control/status.ts';
import { readDeadLetters } from '../support/dead-letters.ts';
import { imbalances } from '../support/outcome.ts';
import { Daemon, statusOf, statusWhen, tailmeter } from '../support/tailmeter.ts';
import { folderIn, installFixture, type Expected } from './state-fixture.ts';
import { configuration, fakeLago, keysOf, type FakeLago } from './world.ts';

const LIMITS = ['plausible_age', 'plausible_future'] as const;
const CENTURY_S = 100 * 365 * 24 * 3600;

function limits(): Record<string, number> {
  const keys = LIMITS.filter((key) => sourceSchema.properties?.[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, sourceSchema.properties?.[key]?.maximum ?? CENTURY_S]));
}

const DESTINATIONS = ['lago', 'eu'] as const;

let parent: string;
let folder: string;
let config: string;
let expected: Expected;
let servers: Record<'lago' | 'eu', FakeLago>;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tailmeter-takeover-'));
  folder = folderIn(parent);
  expected = await installFixture('0.1.0', folder);
  servers = { lago: await fakeLago(), eu: await fakeLago() };
  const addresses = { lago: servers.lago.address, eu: servers.eu.address };
  config = join(folder, 'tailmeter.json');
  await writeFile(config, JSON.stringify(configuration(addresses, limits())));
  for (const [name, server] of Object.entries(servers)) {
    for (const key of expected.stored[name] ?? []) server.stored.set(key, '');
  }
});
afterEach(async () => {
  for (const server of Object.values(servers)) await server.close();
  await rm(parent, { recursive: true, force: true });
});

const logs = (): string[] => Object.values(expected.logs);
const eventsOf = (names: readonly string[]): string[] => names.flatMap((log) => expected.events[log] ?? []);
const isRefused = (key: string, to: string): boolean => expected.refused[to]?.includes(key) ?? false;

/** What Lago is to have in the end. */
const billed = (to: 'lago' | 'eu'): string[] =>
  keysOf(eventsOf(logs()), to)
    .filter((key) => !isRefused(key, to))
    .toSorted();

const settled = async (): Promise<void> => {
  await Promise.all(DESTINATIONS.map((to) => servers[to].holds(billed(to).length)));
  await statusWhen(config, ({ destinations }) => destinations.every(({ pending }) => pending === 0));
};

test('what waits is delivered, what was not read is read, and nothing is lost or doubled', async () => {
  const before = await readDeadLetters(join(folder, 'state'));
  const daemon = await Daemon.start(config);
  await settled();
  expect(await daemon.stop()).toBe(0);

  for (const to of DESTINATIONS) {
    expect([...servers[to].stored.keys()].toSorted()).toEqual(billed(to));
    expect(servers[to].again).toEqual([]);
  }
  const status = await statusOf(config);
  expect(imbalances(status)).toEqual([]);
  expect(
    status.destinations.map(({ duplicates, dead, delivered }) => ({ duplicates, dead, delivered })),
  ).toEqual(DESTINATIONS.map((to) => ({ duplicates: 0, dead: 1, delivered: billed(to).length })));
  expect(status.sources.reduce((sum, { dead }) => sum + dead, 0)).toBe(expected.deadLines);
  expect(linesOf(status)).toBe(await writtenLines());

  const letters = await readDeadLetters(join(folder, 'state'));
  expect(letters).toEqual(expect.arrayContaining(before));
  expect(new Set(letters.map(({ id }) => id)).size).toBe(letters.length);
  expect(daemon.log.map(({ event }) => event)).not.toContain('lines_lost');
  expect(daemon.log.filter(({ event }) => event === 'recovered')).toMatchObject([
    { pending_events: 97, chunks: 6, ranges: 0 },
  ]);
});

test('a start that is killed in the middle, and the next one, deliver the same', async () => {
  for (const server of Object.values(servers)) server.down = true;
  const first = await Daemon.start(config);
  const written = await writtenLines();
  await statusWhen(config, (status) => linesOf(status) === written);
  await first.kill();
  for (const server of Object.values(servers)) server.down = false;
  const daemon = await Daemon.start(config);
  await settled();
  await daemon.stop();
  for (const to of DESTINATIONS) {
    expect([...servers[to].stored.keys()].toSorted()).toEqual(billed(to));
    expect(servers[to].again).toEqual([]);
  }
  expect(imbalances(await statusOf(config))).toEqual([]);
});

test.each(['logs/usage.log.1', 'logs/usage.log', 'logs/holes.log'])(
  'preview gives the events of every line of %s that was read rightly, byte for byte',
  async (log) => {
    const { code, stdout } = await tailmeter(['preview', '--config', config, join(folder, log)]);
    expect(code).toBe(0);
    const known = new Set(expected.events[log]?.map(requestOf));
    const events = stdout.split('\n').filter((event) => event !== '' && known.has(requestOf(event)));
    expect(events.length).toBeGreaterThan(10);
    expect(events).toEqual(expected.events[log]);
  },
);

test('a replay of the logs finds everything delivered', async () => {
  const daemon = await Daemon.start(config);
  await settled();
  await daemon.stop();
  const stored = DESTINATIONS.map((to) => new Set(servers[to].stored.keys()));
  const { code, stdout } = await tailmeter([
    'replay',
    '--config',
    config,
    ...logs().map((log) => join(folder, log)),
  ]);
  expect(stdout).toContain('all is settled');
  expect(code).toBe(0);
  for (const [number, to] of DESTINATIONS.entries()) {
    expect(new Set(servers[to].stored.keys())).toEqual(stored[number]);
  }
});

const linesOf = ({ sources }: Status): number => sources.reduce((sum, { lines }) => sum + lines, 0);

async function writtenLines(): Promise<number> {
  const texts = await Promise.all(logs().map((log) => readFile(join(folder, log), 'latin1')));
  return texts.join('').split('\n').length - 1;
}

const requestOf = (event: string): string =>
  (JSON.parse(event) as { properties: { request: string } }).properties.request;
