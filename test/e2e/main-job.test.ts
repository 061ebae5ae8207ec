import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareIds, requestIdsIn } from '../support/ids.ts';
import { sendRequests } from '../support/load.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf } from '../support/tailmeter.ts';

test('a real NGINX log of 100,000 requests arrives complete, through rotations, an outage and kill -9', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  let daemon = await Daemon.start(s.config);
  const rotate = async (name: string): Promise<void> => {
    await rename(s.gateway.logFile, join(s.logs, name));
    s.gateway.reopen();
  };

  await sendRequests(s.gateway.url, 20_000);
  // Rotated under load: NGINX's workers write on into the renamed file until each has reopened its own.
  await Promise.all([sendRequests(s.gateway.url, 20_000), rotate('access.log.2')]);

  await daemon.kill();
  await sendRequests(s.gateway.url, 20_000);
  s.sandbox.faults.always({
    kind: 'answer',
    status: 503,
    body: { status: 503, error: 'Service Unavailable' },
  });
  daemon = await Daemon.start(s.config);
  await daemon.logged(({ event }) => event === 'batch_failed');

  await sendRequests(s.gateway.url, 20_000);
  await daemon.kill();
  // A rotation that nobody watches.
  await rotate('access.log.1');
  await sendRequests(s.gateway.url, 20_000);
  daemon = await Daemon.start(s.config);
  s.sandbox.faults.clear();

  await s.sandbox.store.stored(100_000);
  await daemon.stop();
  await s.gateway.stop();
  const written = await requestIdsIn(s.logs);
  expect(new Set(written).size).toBe(100_000);
  expect(compareIds(written, s.sandbox.store.transactionIds())).toEqual({ missing: [], unknown: [] });

  const { sources, destinations, running } = await statusOf(s.config);
  expect(running).toBe(false);
  expect(sources[0]).toMatchObject({ lines: 100_000, mapped: 100_000, skipped: 0, dead: 0, lag_bytes: 0 });
  expect(destinations[0]).toMatchObject({ events: 100_000, dead: 0, pending: 0 });
  expect((destinations[0]?.delivered ?? 0) + (destinations[0]?.duplicates ?? 0)).toBe(100_000);
}, 300_000);
