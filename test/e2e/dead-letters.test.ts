import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { createSandbox, DEFAULT_KEY } from '../../src/sandbox/server.ts';
import type { DeadLetter } from '../../src/types.ts';
import { readDeadLetters } from '../support/dead-letters.ts';
import { Daemon, statusWhen, tailmeter } from '../support/tailmeter.ts';

let root: string;
let lago: Server;

/** Rejects every event; a batch with POISON in it breaks it. */
const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await text(request);
  if (body.includes('POISON')) {
    response.writeHead(500).end('{}');
    return;
  }
  const { events } = JSON.parse(body) as { events: unknown[] };
  const details = Object.fromEntries(events.map((_event, index) => [index, 'bad']));
  response.writeHead(422, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error_details: details }));
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-dead-'));
  lago = createServer((request, response) => void answer(request, response).catch(() => {}));
  await new Promise<void>((resolve) => lago.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  lago.closeAllConnections();
  lago.close();
  await rm(root, { recursive: true, force: true });
});

interface Case {
  readonly config: string;
  readonly log: string;
  readonly stateDir: string;
}

async function configure(name: string, more: object = {}): Promise<Case> {
  const stateDir = join(root, name);
  const [config, log] = [`${stateDir}.yaml`, `${stateDir}.log`];
  const { port } = lago.address() as AddressInfo;
  await writeFile(
    config,
    stringify({
      state_dir: stateDir,
      sources: [{ path: log, format: 'nginx' }],
      rules: [
        {
          name: 'calls',
          event_code: 'calls',
          event_transaction_id: '${request_id}',
          event_subscription_id: '${http_x_consumer_username}',
          event_properties: { uri: '${uri}' },
        },
      ],
      destinations: [
        {
          endpoint_addrs: [`http://127.0.0.1:${port}`],
          token: 'lago_sandbox_key',
          inactive_timeout: 1,
          buffer_duration: 1,
        },
      ],
      log: { format: 'json' },
      ...more,
    }),
  );
  return { config, log, stateDir };
}

async function lettersWhen(
  stateDir: string,
  wished: (letters: readonly DeadLetter[]) => boolean,
): Promise<readonly DeadLetter[]> {
  for (;;) {
    // A last letter may be half-written.
    const letters = await readDeadLetters(stateDir).catch(() => []);
    if (wished(letters)) return letters;
    await delay(50);
  }
}

const MSEC = Date.now() / 1000 - 3600;
const lineOf = (id: string, uri = '/v1/x', user = 'jack'): string =>
  `${JSON.stringify({ msec: MSEC, request_time: 0.01, request_id: id, uri, status: 200, http_x_consumer_username: user })}\n`;

test('with one event pending, the checkpoint stays small however many are rejected, also after kill -9', async () => {
  const { config, log, stateDir } = await configure('pending');
  const rejected = 12_000;
  let lines = lineOf('poison', '/POISON');
  for (let i = 0; i < rejected; i++) lines += lineOf(`r${i}`);
  await writeFile(log, lines);
  const first = await Daemon.start(config);
  // The batch of the poisoned one is divided again and again, and holds up its neighbours meanwhile.
  await lettersWhen(stateDir, (letters) => letters.length >= rejected - 100);
  await first.kill();

  const second = await Daemon.start(config);
  await statusWhen(config, ({ destinations }) => destinations[0]?.last_error !== null);
  expect(await second.stop()).toBe(0);
  const { length } = await readFile(join(stateDir, 'checkpoint.json'));
  expect(length).toBeLessThan(32 * 1024);
  const ids = (await readDeadLetters(stateDir)).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(rejected - 100);
});

test('of a line that is too long 64 KiB and its place are kept, and a replay with a higher limit bills it', async () => {
  const sandbox = await createSandbox();
  onTestFinished(() => sandbox.close());
  const source = { format: 'litellm' };
  const more = (path: string, longest = {}): object => ({
    sources: [{ ...source, path, ...longest }],
    rules: [
      {
        name: 'tokens',
        event_code: 'tokens',
        event_subscription_id: '${user_id}',
        event_properties: { total: '${llm_total_tokens}' },
      },
    ],
    destinations: [
      { endpoint_addrs: [sandbox.url], token: DEFAULT_KEY, inactive_timeout: 1, buffer_duration: 1 },
    ],
  });
  const path = join(root, 'overlong.log');
  const lines = [100, 1_500_000, 100].map(
    (size, n) =>
      `${JSON.stringify({
        id: `c${n}`,
        messages: [{ role: 'user', content: `data:image/png;base64,${'A'.repeat(size)}` }],
        total_tokens: 1000 * (n + 1),
        startTime: MSEC + n,
        model: 'gpt-4o',
        metadata: { user_api_key_user_id: 'u1' },
      })}\n`,
  );
  const [before, tooLong] = lines as [string, string];
  await writeFile(path, lines.join(''));
  const { config, stateDir } = await configure('overlong', more(path));
  const daemon = await Daemon.start(config);
  await statusWhen(config, ({ destinations }) => destinations[0]?.delivered === 2);
  expect(await daemon.stop()).toBe(0);
  expect(await readDeadLetters(stateDir)).toMatchObject([
    {
      reason: 'line_too_long',
      message: expect.stringContaining('raise max_line_bytes, then replay') as string,
      path,
      offset: before.length,
      line: tooLong.slice(0, 64 * 1024),
      line_bytes: tooLong.length - 1,
    },
  ]);
  expect(await tailmeter(['audit', '--config', config])).toMatchObject({ code: 0 });

  await configure('overlong', more(path, { max_line_bytes: 4_194_304 }));
  const replayed = await tailmeter(['replay', '--config', config, path]);
  expect(replayed).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 delivered, 2 duplicates') as string,
  });
});

test('a flood of lines that fail stays within its quota, all are counted, and a replay after the cause is mended bills them', async () => {
  const sandbox = await createSandbox();
  onTestFinished(() => sandbox.close());
  const more = (subscription: string): object => ({
    rules: [
      {
        name: 'calls',
        event_code: 'calls',
        event_transaction_id: '${request_id}',
        event_subscription_id: subscription,
      },
    ],
    destinations: [
      { endpoint_addrs: [sandbox.url], token: DEFAULT_KEY, inactive_timeout: 1, buffer_duration: 1 },
    ],
    dead: { max_bytes: 1_048_576 },
  });
  const { config, log, stateDir } = await configure('flood', more('${http_x_consumer_username}'));
  const [flood, good] = [6000, 100];
  let lines = '';
  for (let i = 0; i < flood; i++) lines += lineOf(`f${i}`, '/v1/x', '');
  for (let i = 0; i < good; i++) lines += lineOf(`g${i}`);
  await writeFile(log, lines);
  const daemon = await Daemon.start(config);
  const status = await statusWhen(config, ({ destinations }) => destinations[0]?.delivered === good);
  const [source] = status.sources;
  const kept = (await readDeadLetters(stateDir)).length;
  expect(source).toMatchObject({ lines: flood + good, dead: flood, mapped: good });
  expect(source?.sampled).toMatchObject([
    { reason: 'missing_subscription', letters: flood - kept, ranges: [{ path: log }] },
  ]);
  expect(status.dead).toMatchObject({ max_bytes: 1_048_576, on_full: 'sample', sampling: true });
  expect(status.dead.bytes).toBeLessThan(1.1 * 1_048_576);
  await daemon.logged(({ event }) => event === 'letters_sampled');
  expect(daemon.log.filter(({ event }) => event === 'letters_sampled')).toHaveLength(1);
  expect(daemon.log.filter(({ event }) => event === 'line_dead').length).toBeLessThan(5);
  await daemon.kill();

  expect(await tailmeter(['audit', '--config', config])).toMatchObject({ code: 0 });
  const text = await tailmeter(['status', '--config', config]);
  expect(text.stdout).toContain(`${flood - kept} dead letters left out: missing_subscription`);
  await configure('flood', more('${http_x_consumer_username ?? anonymous}'));
  const replayed = await tailmeter(['replay', '--config', config, log]);
  expect(replayed.stdout).toContain(`${flood} delivered, ${good} duplicates`);
});
