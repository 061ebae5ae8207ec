import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/load.ts';
import { Pipeline } from '../src/pipeline.ts';
import { createSandbox, DEFAULT_KEY } from '../src/sandbox/server.ts';
import { FaultyFs } from './support/faulty-fs.ts';
import { lineOf } from './support/lines.ts';
import { ANY_TIME } from './support/any-time.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/** A first start on logs that have been written to before; the process ends after one of its calls. */
async function startedTwice(stopAfter: number): Promise<{ reached: boolean; ids: readonly string[] }> {
  const root = await mkdtemp(join(tmpdir(), 'tailmeter-start-'));
  await using sandbox = await createSandbox().then((it) => ({
    ...it,
    [Symbol.asyncDispose]: () => it.close(),
  }));
  const logs = join(root, 'logs');
  await mkdir(logs);
  for (const name of NAMES) await writeFile(join(logs, `${name}.log`), lineOf(`old-${name}`));
  const config = parseConfig(
    JSON.stringify({
      state_dir: join(root, 'state'),
      sources: [{ path: join(logs, '*.log'), format: 'nginx', start_at: 'end', ...ANY_TIME }],
      rules: [
        {
          name: 'calls',
          event_code: 'test',
          event_transaction_id: '${request_id}',
          event_subscription_id: '${http_x_consumer_username}',
        },
      ],
      destinations: [
        { name: 'lago', endpoint_addrs: [sandbox.url], token: DEFAULT_KEY, inactive_timeout: 1 },
      ],
    }),
    join(root, 'tailmeter.json'),
  );
  const open = (fs: FaultyFs): Promise<Pipeline> =>
    Pipeline.open({
      config,
      stateDir: config.state_dir,
      version: '0.0.0',
      reporter: { report: () => {} },
      fs,
    });
  const first = new FaultyFs(root);
  first.fault = ({ index }) => (index === stopAfter ? 'stop_after' : undefined);
  const life = open(first).then((pipeline) => pipeline.follow());
  await Promise.race([life, first.died]);
  const reached = first.changes > stopAfter;

  const pipeline = await open(await first.reboot());
  await pipeline.follow();
  for (const name of NAMES) await appendFile(join(logs, `${name}.log`), lineOf(`new-${name}`));
  await sandbox.store.stored(NAMES.length);
  await pipeline.stop(1000);
  const ids = sandbox.store.transactionIds().toSorted();
  await rm(root, { recursive: true });
  return { reached, ids };
}

test('logs of a glob that begin at their ends do so though the first start is cut off, whenever that is', async () => {
  const expected = NAMES.map((name) => `new-${name}`);
  for (let stop = 0, more = true; more; stop++) {
    const { reached, ids } = await startedTwice(stop);
    expect({ stop, ids }).toEqual({ stop, ids: expected });
    more = reached;
  }
}, 180_000);
