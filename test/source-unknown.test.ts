/** The configuration names a source otherwise than before, and a log of it was rotated meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../src/config/load.ts';
import type { TelemetryEvent } from '../src/observe/events.ts';
import { Pipeline } from '../src/pipeline.ts';
import { ANY_TIME } from './support/any-time.ts';

test('a log that nobody reads on is told', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tailmeter-source-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const stateDir = join(root, 'state');
  const follow = async (path: string): Promise<TelemetryEvent[]> => {
    const config = parseConfig(
      JSON.stringify({
        state_dir: stateDir,
        sources: [{ path: join(root, path), format: 'nginx', ...ANY_TIME }],
        rules: [
          {
            name: 'calls',
            event_code: 'test',
            event_transaction_id: '${request_id}',
            event_subscription_id: 'sub',
          },
        ],
        destinations: [{ name: 'lago', endpoint_addrs: ['http://127.0.0.1:1'], token: 'key' }],
      }),
      join(root, 'tailmeter.json'),
    );
    const reports: TelemetryEvent[] = [];
    const reporter = { report: (event: TelemetryEvent) => void reports.push(event) };
    const pipeline = await Pipeline.open({ config, stateDir, version: '0.0.0', reporter });
    await pipeline.follow();
    await pipeline.stop(0);
    return reports.filter(({ event }) => event === 'source_unknown');
  };
  const log = join(root, 'access.log');
  await writeFile(log, '{"request_id":"a"}\n');
  expect(await follow('access.log')).toEqual([]);
  expect(await follow('access.log')).toEqual([]);
  expect(await follow('*.log')).toMatchObject([
    { source: log, path: log, offset: expect.any(Number) as number },
  ]);
  // The new source has the log now.
  expect(await follow('*.log')).toEqual([]);
});
