/** The disk of the state fails under a running daemon: it says so, waits, loses nothing, and goes on by itself. */
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { requestIdsIn } from '../support/ids.ts';
import { sendRequests } from '../support/load.ts';
import { imbalances, problemsOf, settle } from '../support/outcome.ts';
import { Scenario } from '../support/scenario.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { Daemon, statusOf, statusWhen, tailmeter, type LogEntry } from '../support/tailmeter.ts';

const MIB = 1024 ** 2;
const named = (wanted: string) => (entry: LogEntry) => entry.event === wanted;
const times = (daemon: Daemon, wanted: string): number => daemon.log.filter(named(wanted)).length;

const problems = async (s: Scenario, daemon: Daemon, sent: number): Promise<string[]> =>
  problemsOf(await settle(s, daemon), sent);

describe('a disk that fills up', () => {
  test.each([
    { how: 'to the last byte', leastFree: 0, cause: /cannot write to .*ENOSPC/ },
    {
      how: 'to spool.min_free_bytes',
      leastFree: MIB,
      cause: /bytes free, fewer than|cannot write to .*ENOSPC/,
    },
  ])(
    '$how pauses reading, says why, and reading goes on when there is room',
    async ({ leastFree, cause }) => {
      await using s = await Scenario.start({ workerProcesses: 2 });
      await using disk = await SmallDisk.mount(s.state, 8 * MIB);
      await s.configure({ spool: { min_free_bytes: leastFree } });
      const daemon = await Daemon.start(s.config, disk.environment);
      await sendRequests(s.gateway.url, 1000);
      await s.sandbox.store.stored(1000);
      await disk.fill();
      await sendRequests(s.gateway.url, 10_000);
      const paused = await daemon.logged(named('spool_paused'));
      expect(paused).toMatchObject({ level: 'error', message: expect.stringMatching(cause) as string });
      const { running, spool, sources } = await statusOf(s.config);
      expect({ running, paused: spool.paused.length }).toEqual({ running: true, paused: 1 });
      const [source] = sources;
      expect(source?.lines).toBe((source?.mapped ?? 0) + (source?.dead ?? 0) + (source?.skipped ?? 0));

      await disk.empty();
      await daemon.logged(named('spool_resumed'));
      expect(await problems(s, daemon, 11_000)).toEqual([]);
      expect(times(daemon, 'spool_paused')).toBeLessThan(10);
    },
  );
});

test('a disk that is full of our own backlog is emptied by delivering it', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  await using disk = await SmallDisk.mount(s.state, 2 * MIB);
  await s.configure({ spool: { min_free_bytes: 0 } });
  s.sandbox.faults.always({ kind: 'answer', status: 503 });
  const daemon = await Daemon.start(s.config, disk.environment);
  await sendRequests(s.gateway.url, 20_000);
  // Without a disk of its own, the spool grows: then it is full at a wish.
  if (disk.environment['FAILING_DISK'] !== undefined) await disk.fill();
  await daemon.logged(named('spool_paused'));
  s.sandbox.faults.clear();
  if (disk.environment['FAILING_DISK'] !== undefined) await disk.empty();
  expect(await problems(s, daemon, 20_000)).toEqual([]);
});

test('a daemon that is killed on a full disk starts on it, and goes on when there is room', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  await using disk = await SmallDisk.mount(s.state, 8 * MIB);
  await s.configure({ spool: { min_free_bytes: 0 } });
  let daemon = await Daemon.start(s.config, disk.environment);
  await sendRequests(s.gateway.url, 1000);
  await s.sandbox.store.stored(1000);
  await disk.fill();
  await sendRequests(s.gateway.url, 5000);
  await daemon.logged(named('spool_paused'));
  await daemon.kill();
  daemon = await Daemon.start(s.config, disk.environment);
  await daemon.logged(named('spool_paused'));
  await disk.empty();
  expect(await problems(s, daemon, 6000)).toEqual([]);
});

test('a disk that turns read-only pauses reading; when it is writable again all goes on', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  await using disk = await SmallDisk.mount(s.state, 16 * MIB);
  await s.configure({ spool: { min_free_bytes: 0 } });
  const daemon = await Daemon.start(s.config, disk.environment);
  await sendRequests(s.gateway.url, 1000);
  await s.sandbox.store.stored(1000);
  await disk.makeReadOnly();
  await sendRequests(s.gateway.url, 5000);
  expect(await daemon.logged(named('spool_paused'))).toMatchObject({
    message: expect.stringContaining('EROFS') as string,
  });
  await disk.makeWritable();
  await daemon.logged(named('spool_resumed'));
  expect(await problems(s, daemon, 6000)).toEqual([]);
});

test('a start on a read-only disk is refused in one clear line', async () => {
  await using s = await Scenario.start();
  await using disk = await SmallDisk.mount(s.state, MIB);
  const crashed = await Daemon.start(s.config, disk.environment);
  await crashed.kill();
  await disk.makeReadOnly();
  const { code, stderr } = await tailmeter(['run', '--config', s.config], disk.environment);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^cannot use the state directory .*EROFS.*\n$/);
});

describe('the state folder deleted under a running daemon', () => {
  test('is made again; nothing is read twice or lost', async () => {
    await using s = await Scenario.start({ workerProcesses: 2 });
    const daemon = await Daemon.start(s.config);
    await sendRequests(s.gateway.url, 1000);
    await s.sandbox.store.stored(1000);
    await rm(s.state, { recursive: true, maxRetries: 10 });
    await sendRequests(s.gateway.url, 5000);
    await s.sandbox.store.stored(6000);
    expect(await problems(s, daemon, 6000)).toEqual([]);
  });

  test('with a backlog in it: says what is gone, and a replay of the log brings the events', async () => {
    await using s = await Scenario.start({ workerProcesses: 2 });
    s.sandbox.faults.always({ kind: 'answer', status: 503 });
    const daemon = await Daemon.start(s.config);
    // Far more than is held in memory for delivery.
    await sendRequests(s.gateway.url, 30_000);
    await statusWhen(s.config, ({ sources }) => sources[0]?.lines === 30_000);
    await rm(s.state, { recursive: true, maxRetries: 10 });
    s.sandbox.faults.clear();
    await sendRequests(s.gateway.url, 1000);
    await daemon.logged(named('chunk_quarantined'));
    await s.gateway.stop();
    expect(await daemon.stop()).toBe(0);

    const replay = await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
    expect(replay).toMatchObject({ code: 0 });
    const ids = await requestIdsIn(s.logs);
    expect(s.sandbox.store.transactionIds().toSorted()).toEqual(ids.toSorted());
    expect(ids).toHaveLength(31_000);
    // What it had not come to yet, the next start finds missing. After that nothing is pending.
    const next = await Daemon.start(s.config);
    await statusWhen(s.config, ({ destinations }) => destinations[0]?.pending === 0);
    await next.stop();
    expect(imbalances(await statusOf(s.config))).toEqual([]);
  });
});
