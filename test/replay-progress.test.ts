/** What a replay that was cut short leaves behind, and what the next one makes of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../src/config/load.ts';
import { Pipeline } from '../src/pipeline.ts';
import { createSandbox, DEFAULT_KEY } from '../src/sandbox/server.ts';
import { ANY_TIME } from './support/any-time.ts';

const line = (id: string): string =>
  `{"msec":1790000000.000,"request_time":0.000,"request_id":"${id}","http_x_consumer_username":"jack","status":200}\n`;

async function replays(): Promise<{
  root: string;
  stored: () => readonly string[];
  run: (names: readonly string[]) => Promise<void>;
}> {
  const root = await mkdtemp(join(tmpdir(), 'tailmeter-replay-'));
  const sandbox = await createSandbox();
  onTestFinished(async () => {
    await sandbox.close();
    await rm(root, { recursive: true, force: true });
  });
  const text = JSON.stringify({
    state_dir: join(root, 'state'),
    sources: [{ path: join(root, 'access.log'), format: 'nginx', ...ANY_TIME }],
    rules: [
      {
        name: 'calls',
        event_code: 'test',
        event_transaction_id: '${request_id}',
        event_subscription_id: '${http_x_consumer_username}',
      },
    ],
    destinations: [{ name: 'lago', endpoint_addrs: [sandbox.url], token: DEFAULT_KEY }],
  });
  const config = parseConfig(text, join(root, 'tailmeter.json'));
  const source = config.sources[0]!;
  return {
    root,
    stored: () => sandbox.store.transactionIds().toSorted(),
    async run(names) {
      const pipeline = await Pipeline.open({
        config,
        stateDir: config.state_dir,
        version: '0.0.0',
        reporter: { report: () => {} },
        plan: 'the same',
      });
      const files = names.map((name) => ({ path: join(root, name), source }));
      await pipeline.replay(files, new AbortController().signal);
      await pipeline.delivered();
      await pipeline.stop(0);
    },
  };
}

test.each(['', '.gz'])(
  'of two logs that begin alike each is read from its own beginning (%s)',
  async (ending) => {
    const { root, stored, run } = await replays();
    const write = (name: string, ids: readonly string[]): Promise<void> => {
      const text = ids.map(line).join('');
      return writeFile(join(root, name), ending === '' ? text : gzipSync(text));
    };
    await write(`one${ending}`, ['same', 'a1', 'a2']);
    await write(`two${ending}`, ['same', 'b1', 'b2', 'b3']);
    await run([`one${ending}`]);
    await run([`one${ending}`, `two${ending}`]);
    expect(stored()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3', 'same']);
  },
);
