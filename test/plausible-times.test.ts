/** Which times are plausible is decided once, when a line is read first, whatever becomes of its chunk and however late it is. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { audit } from '../src/audit/audit.ts';
import { systemClock } from '../src/clock.ts';
import { parseConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/types.ts';
import type { TelemetryEvent } from '../src/observe/events.ts';
import { Pipeline, type PipelineOptions } from '../src/pipeline.ts';
import { createSandbox, DEFAULT_KEY, type Sandbox } from '../src/sandbox/server.ts';
import { readDeadLetters } from './support/dead-letters.ts';
import { lineOf } from './support/lines.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-20T12:00:00Z');
const AGE_MS = 400 * DAY_MS;
const FUTURE_MS = 3_600_000;

let root: string;
let sandbox: Sandbox;
let now: number;
let reports: TelemetryEvent[];
const clock = { ...systemClock, now: () => now };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-times-'));
  sandbox = await createSandbox();
  now = START;
  reports = [];
});
afterEach(async () => {
  await sandbox.close();
  await rm(root, { recursive: true, force: true });
});

const log = (): string => join(root, 'access.log');
const state = (): string => join(root, 'state');

function configured({ isUp = true } = {}): Config {
  const config = {
    state_dir: state(),
    sources: [{ path: log(), format: 'nginx' }],
    rules: [
      {
        event_code: 'test',
        event_transaction_id: '${request_id}',
        event_subscription_id: '${http_x_consumer_username}',
      },
    ],
    destinations: [{ endpoint_addrs: [isUp ? sandbox.url : 'http://127.0.0.1:1'], token: DEFAULT_KEY }],
  };
  return parseConfig(JSON.stringify(config), join(root, 'tailmeter.json'));
}

const lineAt = (id: string, timeMs: number): string =>
  lineOf(id, { msec: Number((timeMs / 1000).toFixed(3)), request_time: 0 });

function open(isUp: boolean, options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  return Pipeline.open({
    config: configured({ isUp }),
    stateDir: state(),
    version: '0.0.0',
    reporter: { report: (event) => void reports.push(event) },
    clock,
    ...options,
  });
}

/** One run over the log. */
async function run(isUp: boolean, options: Partial<PipelineOptions> = {}): Promise<void> {
  const config = configured({ isUp });
  const pipeline = await open(isUp, options);
  await pipeline.replay([{ path: log(), source: config.sources[0]! }], new AbortController().signal);
  if (isUp) await pipeline.delivered();
  await pipeline.stop(0);
}

async function chunk(): Promise<string> {
  const folder = join(state(), 'spool', 'lago');
  const [name, ...more] = (await readdir(folder)).filter((file) => file.endsWith('.ndjson'));
  if (name === undefined || more.length > 0) throw new Error('not one chunk');
  return join(folder, name);
}

async function damage(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 20]! ^= 1;
  await writeFile(file, bytes);
}

const ids = (): string[] => sandbox.store.transactionIds().toSorted();
const lettersAt = async (): Promise<string[]> =>
  (await readDeadLetters(state())).map(({ reason, line = '' }) => {
    const { request_id: id } = JSON.parse(line) as { request_id: string };
    return `${reason} ${id}`;
  });

/** The first and the last moment that count, and those beside them. */
const EDGES = [
  lineAt('too-old', START - AGE_MS - 1),
  lineAt('old', START - AGE_MS),
  lineAt('now', START),
  lineAt('early', START + FUTURE_MS),
  lineAt('too-early', START + FUTURE_MS + 1),
  lineAt('1970', 20_251_130_000),
  lineAt('4000', Date.parse('4000-12-31T23:59:59Z')),
].join('');
const BILLED = ['early', 'now', 'old'];
const DEAD = ['too-old', 'too-early', '1970', '4000'].map((id) => `implausible_timestamp ${id}`);

test('times outside of plausible_age and plausible_future are dead letters that say why; what is within them is billed', async () => {
  await writeFile(log(), EDGES);
  await run(true);
  expect(ids()).toEqual(BILLED);
  expect(await lettersAt()).toEqual(DEAD);
  const [first, second] = await readDeadLetters(state());
  expect(first?.message).toContain('2025-10-16T11:59:59.999Z is before 2025-10-16T12:00:00.000Z');
  expect(first?.message).toContain('replay --allow-old');
  expect(second?.message).toContain('2026-11-20T13:00:00.001Z is after 2026-11-20T13:00:00.000Z');
});

test.each([
  ['ten years later', 10 * 365 * DAY_MS],
  ['a second later', 1000],
  ['a clock that was set back later', -30 * DAY_MS],
])('a damaged chunk is made anew from the log with the same events, %s', async (_, later) => {
  await writeFile(log(), EDGES);
  await run(false);
  await damage(await chunk());
  now += later;
  await run(true);
  expect(ids()).toEqual(BILLED);
  expect(await lettersAt()).toEqual(DEAD);
  expect(reports.map(({ event }) => event)).toContain('chunk_restored');
  expect(await differences()).toEqual([]);
});

test('so is one of a log in which nothing was implausible, as its times have become so since', async () => {
  await writeFile(log(), lineAt('a', START) + lineAt('b', START));
  await run(false);
  await damage(await chunk());
  now += 10 * 365 * DAY_MS;
  await run(true);
  expect(ids()).toEqual(['a', 'b']);
  expect(await differences()).toEqual([]);
});

test.each(['old', 'mixed'])('and one that is deleted under the daemon, of %s lines', async (kind) => {
  await writeFile(log(), kind === 'old' ? lineAt('now', START) : EDGES);
  const config = configured({ isUp: false });
  const pipeline = await open(false);
  await pipeline.replay([{ path: log(), source: config.sources[0]! }], new AbortController().signal);
  now += 10 * 365 * DAY_MS;
  await rm(join(state(), 'spool'), { recursive: true });
  await pipeline.lookAfterState();
  // The names of what is gone stand in the checkpoint.
  await pipeline.stop(0);
  await run(true);
  expect(ids()).toEqual(kind === 'old' ? ['now'] : BILLED);
});

test('lines whose chunk was damaged before a checkpoint knew of it are read again with the limits of their time', async () => {
  await writeFile(log(), EDGES);
  await run(false);
  await damage(await chunk());
  for (const name of await readdir(state())) {
    if (name.startsWith('checkpoint')) await rm(join(state(), name));
  }
  now += 10 * 365 * DAY_MS;
  await writeFile(log(), EDGES + lineAt('new', now) + lineAt('old-now', START));
  await run(true);
  expect(ids()).toEqual([...BILLED, 'new'].toSorted());
  expect((await lettersAt()).filter((letter) => !DEAD.includes(letter))).toEqual([
    'implausible_timestamp old-now',
  ]);
});

test('allowOld lifts the first limit, and only that one', async () => {
  await writeFile(log(), EDGES);
  await run(true, { allowOld: true, plan: 'a replay' });
  expect(ids()).toEqual(['1970', ...BILLED, 'too-old'].toSorted());
  expect(await lettersAt()).toEqual(['implausible_timestamp too-early', 'implausible_timestamp 4000']);
});

test('an audit finds no difference because time has gone by, nor when the letters were cleared away', async () => {
  await writeFile(log(), EDGES);
  await run(true);
  expect(await differences()).toEqual([]);
  await rm(join(state(), 'dead'), { recursive: true });
  expect(await differences()).toEqual([]);
});

test('a clock from before this version was built pauses reading until it is right', async () => {
  await writeFile(log(), lineAt('a', START));
  now = 12_000;
  const config = configured();
  const pipeline = await open(true, { builtMs: START - DAY_MS });
  expect(pipeline.status().spool.paused).toEqual(['clock']);
  const paused = reports.find(({ event }) => event === 'spool_paused');
  expect(paused).toMatchObject({ cause: 'clock' });
  expect(JSON.stringify(paused)).toContain('1970-01-01T00:00:12.000Z');
  const reading = pipeline.replay(
    [{ path: log(), source: config.sources[0]! }],
    new AbortController().signal,
  );
  now = START;
  await reading;
  await pipeline.delivered();
  expect(pipeline.status().spool.paused).toEqual([]);
  await pipeline.stop(0);
  expect(ids()).toEqual(['a']);
  expect(await readDeadLetters(state())).toEqual([]);
});

async function differences(): Promise<readonly unknown[]> {
  return (await audit({ config: configured() })).differences;
}
