/** The disk of the state fails under a running daemon: it says so, waits, loses nothing, and goes on by itself. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sendRequests } from '../support/load.ts';
import { problemsOf, settle } from '../support/outcome.ts';
import { logrotate } from '../support/rotate.ts';
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

test('a daemon that never ran before starts on a full disk, too', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  await using disk = await SmallDisk.mount(s.state, 8 * MIB);
  await s.configure({ spool: { min_free_bytes: 0 } });
  await disk.fill();
  await sendRequests(s.gateway.url, 1000);
  const daemon = await Daemon.start(s.config, disk.environment);
  await daemon.logged(named('spool_paused'));
  expect((await statusOf(s.config)).running).toBe(true);
  await disk.empty();
  expect(await problems(s, daemon, 1000)).toEqual([]);
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

  test('with a backlog in it: all that waited comes back from the log, through a kill and a rotation', async () => {
    await using s = await Scenario.start({ workerProcesses: 2 });
    s.sandbox.faults.always({ kind: 'answer', status: 503 });
    const daemon = await Daemon.start(s.config);
    // Far more than is held in memory for delivery.
    await sendRequests(s.gateway.url, 30_000);
    await statusWhen(s.config, ({ sources }) => sources[0]?.lines === 30_000);
    const waiting = (await readdir(join(s.state, 'spool', 'lago'))).length;
    expect(waiting).toBeGreaterThan(4);
    await rm(s.state, { recursive: true, maxRetries: 10 });
    // Lago is still down: nobody asks for the chunks yet, and all the same they come back.
    for (let back = 0; back < waiting;) back = (await chunksIn(s.state)).length;
    await statusWhen(s.config, ({ running }) => running);
    expect((await tailmeter(['run', '--config', s.config])).stderr).toContain('is in use by another');

    await rm(s.state, { recursive: true, maxRetries: 10 });
    const rotate = logrotate({ directives: ['create', 'compress'], signalAfter: 0 });
    await rotate(s.gateway);
    // As soon as the new checkpoint tells which chunks are gone, a crash loses none.
    for (let told = false; !told;) {
      const checkpoint = await readFile(join(s.state, 'checkpoint.json'), 'utf8').catch(() => '');
      told = checkpoint.includes('"sealed_through"');
    }
    await daemon.kill();
    const next = await Daemon.start(s.config);
    s.sandbox.faults.clear();
    await sendRequests(s.gateway.url, 1000);
    expect(await problems(s, next, 31_000)).toEqual([]);
    const [books] = (await statusOf(s.config)).destinations;
    expect(books).toMatchObject({ events: 31_000, dead: 0, lost: 0 });
    const audit = await tailmeter(['audit', '--online', '--config', s.config]);
    expect(audit).toMatchObject({ code: 0, stdout: expect.stringContaining('no differences') as string });
  });

  test('and taken by another daemon is left to that one', async () => {
    await using s = await Scenario.start({ workerProcesses: 2 });
    const first = await Daemon.start(s.config);
    await rm(s.state, { recursive: true, maxRetries: 10 });
    const second = await Daemon.start(s.config);
    expect(await first.ended()).toBe(1);
    await sendRequests(s.gateway.url, 1000);
    expect(await problems(s, second, 1000)).toEqual([]);
  });
});

test('chunks that were damaged while they waited are mended from the log, and nothing is lost', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  s.sandbox.faults.always({ kind: 'answer', status: 503 });
  const daemon = await Daemon.start(s.config);
  await sendRequests(s.gateway.url, 30_000);
  await statusWhen(s.config, ({ sources }) => sources[0]?.lines === 30_000);
  const chunks = await chunksIn(s.state);
  // The first ones are in memory already.
  for (const [number, file] of chunks.slice(-3).entries()) {
    if (number % 3 === 0) await rm(file);
    else if (number % 3 === 1) await truncate(file, 1000);
    else await flipBit(file);
  }
  s.sandbox.faults.clear();
  expect(await problems(s, daemon, 30_000)).toEqual([]);
  expect(times(daemon, 'chunk_quarantined')).toBe(0);
  expect(daemon.log.find(named('chunk_restored'))).toMatchObject({
    level: 'warn',
    msg: expect.stringContaining(`events read again from ${s.gateway.logFile}`) as string,
  });
  const audit = await tailmeter(['audit', '--online', '--config', s.config]);
  expect(audit).toMatchObject({ code: 0, stdout: expect.stringContaining('no differences') as string });
});

/** Whole chunks that wait, the oldest first. */
async function chunksIn(state: string): Promise<string[]> {
  const folder = join(state, 'spool', 'lago');
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.ndjson'))
    .toSorted()
    .map((name) => join(folder, name));
}

async function flipBit(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 4;
  await writeFile(file, bytes);
}
