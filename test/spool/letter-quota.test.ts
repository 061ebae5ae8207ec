import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GenerationAccount } from '../../src/types.ts';
import { logOf, World, type Log, type Run } from './support/world.ts';

/** A line of some 1,000 bytes that fails. */
const failing = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `l${from + n} d ${'x'.repeat(1000)}`);

let world: World;
beforeEach(async () => {
  world = await World.create({ dead: { max_bytes: 20_000, on_full: 'sample' } });
});
afterEach(() => world.remove());

const accountOf = (run: Run, log: Log): GenerationAccount | undefined =>
  run.spool.ledger.sources().get(log.source)?.positions[0];

async function readAll(run: Run, log: Log, step = 5): Promise<void> {
  for (let at = 0; at < log.lines.length; at += step) {
    await run.read(log, step);
    await world.clock.until(run.spool.flush());
  }
}

const bytesOnDisk = async (): Promise<number> => {
  let bytes = 0;
  for (const file of await readdir(join(world.stateDir, 'dead'))) {
    bytes += (await stat(join(world.stateDir, 'dead', file))).size;
  }
  return bytes;
};

describe('letters of lines beyond dead.max_bytes', () => {
  test('are counted by reason, exactly, with the bytes of the log in which the lines stand', async () => {
    const log = logOf('a.log', failing(60));
    const run = await world.boot();
    await readAll(run, log);
    const letters = await world.letters();
    const account = accountOf(run, log);
    const { letters: leftOut = 0, ranges = [] } = account?.sampled?.missing_subscription ?? {};
    expect(account?.counts).toMatchObject({ lines: 60, dead: 60 });
    expect(letters.length).toBeGreaterThan(5);
    expect(letters.length + leftOut).toBe(60);
    expect(await bytesOnDisk()).toBeLessThanOrEqual(20_000);
    expect(run.spool.quota.bytes).toBe(await bytesOnDisk());
    const size = log.lines.reduce((sum, line) => sum + line.length + 1, 0);
    const first = letters.length * (size / 60);
    expect(ranges.reduce((sum, [, , count]) => sum + count, 0)).toBe(leftOut);
    expect(ranges[0]?.[0]).toBeLessThanOrEqual(first);
    expect(ranges.at(-1)?.[1]).toBe(size);
    expect(run.spool.ledger.sources().get('a.log')?.sampled).toEqual({ missing_subscription: leftOut });
    expect(world.reported('letters_sampled')).toHaveLength(1);
    expect(world.reported('line_dead')).toHaveLength(60);
    await world.clock.until(run.spool.close());
  });

  test('are known after a kill at any moment, each failed line with a letter or counted, not both', async () => {
    const lines = failing(40).map((line, n) => (n % 3 === 0 ? line.replace(' d ', ' d0 ') : line));
    const log = logOf('a.log', lines);
    for (let calls = 1; calls < 200; calls += 7) {
      await world.remove();
      world = await World.create({ dead: { max_bytes: 20_000, on_full: 'sample' } });
      world.fs.fault = ({ index }) => (index === calls ? 'stop_after' : undefined);
      const work = async (): Promise<void> => readAll(await world.boot(), log);
      await world.clock.until(Promise.race([work().catch(() => {}), world.fs.died]));
      world.fs = await world.fs.reboot();
      const run = await world.boot();
      await run.read(log);
      await world.clock.until(run.spool.flush());
      const { missing_subscription: leftOut = 0 } = run.spool.ledger.sources().get('a.log')?.sampled ?? {};
      const ids = (await world.letters()).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect({ calls, failed: ids.length + leftOut }).toEqual({ calls, failed: 40 });
      await world.clock.until(run.spool.close());
    }
  });

  test('are written again when somebody has cleared files away, without a restart', async () => {
    const log = logOf('a.log', failing(80));
    const run = await world.boot();
    await run.read(log, 40);
    await world.clock.until(run.spool.flush());
    expect(run.spool.quota.isSampling).toBe(true);
    for (const file of await readdir(join(world.stateDir, 'dead'))) {
      await rm(join(world.stateDir, 'dead', file));
    }
    await world.clock.advance(2000);
    expect(run.spool.quota.isSampling).toBe(false);
    expect(world.reported('letters_kept_again')).toMatchObject([{ bytes: 0 }]);
    await run.read(log, 10);
    await world.clock.until(run.spool.flush());
    expect(await world.letters()).toHaveLength(10);
    await world.clock.until(run.spool.close());
  });

  test('take a bounded room in the checkpoint, however they are scattered', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => (n % 50 === 0 ? `l${n} d xxxxx` : `l${n} -`));
    const log = logOf('a.log', [...failing(30, 90_000), ...lines]);
    const run = await world.boot();
    await readAll(run, log, 50);
    const { letters = 0, ranges = [] } = accountOf(run, log)?.sampled?.missing_subscription ?? {};
    expect(letters + (await world.letters()).length).toBe(90);
    expect(ranges.length).toBeLessThanOrEqual(32);
    expect(ranges.reduce((sum, [, , count]) => sum + count, 0)).toBe(letters);
    await world.clock.until(run.spool.close());
  });

  test('of events that were refused are always written, and count', async () => {
    const rejected = logOf(
      'a.log',
      Array.from({ length: 100 }, (_, n) => `${'e'.repeat(200)}${n} r`),
    );
    const run = await world.boot();
    await run.read(rejected);
    await world.clock.until(run.spool.flush());
    await world.clock.until(run.shipAll());
    expect(await world.letters()).toHaveLength(100);
    expect(run.spool.quota.bytes).toBe(await bytesOnDisk());
    expect(run.spool.quota.bytes).toBeGreaterThan(20_000);
    const log = logOf('b.log', failing(5));
    await run.read(log);
    await world.clock.until(run.spool.flush());
    expect(accountOf(run, log)?.sampled?.missing_subscription?.letters).toBe(5);
    await world.clock.until(run.spool.close());
  });
});

test('with on_full: pause reading pauses, says so, and goes on when there is room', async () => {
  world.options = { dead: { max_bytes: 20_000, on_full: 'pause' } };
  const log = logOf('a.log', failing(60));
  const run = await world.boot();
  await run.read(log, 30);
  await world.clock.until(run.spool.flush());
  expect(await world.letters()).toHaveLength(30);
  expect(run.spool.gate.causes).toEqual(['dead_full']);
  expect(world.reported('spool_paused')).toMatchObject([
    { cause: 'dead_full', message: expect.stringContaining('dead.max_bytes') as string },
  ]);
  let isRead = false;
  const reading = run.read(log, 30).then(() => (isRead = true));
  await world.clock.advance(5000);
  expect(isRead).toBe(false);
  for (const file of await readdir(join(world.stateDir, 'dead')))
    await rm(join(world.stateDir, 'dead', file));
  await world.clock.until(reading.then(() => run.spool.flush()));
  expect(await world.letters()).toHaveLength(30);
  expect(run.spool.ledger.sources().get('a.log')?.sampled).toEqual({});
  await world.clock.until(run.spool.close());
});

test('letters of refused events wait when the disk has less than half of min_free_bytes, and then settle', async () => {
  world.options = { minFreeBytes: 1_000_000 };
  const run = await world.boot();
  await run.read(logOf('a.log', ['e0 r', 'e1 0']));
  await world.clock.until(run.spool.flush());
  world.fs.free = 400_000;
  await world.clock.advance(1000);
  const shipping = run.ship('lago');
  await world.clock.advance(2000);
  expect(await world.letters()).toEqual([]);
  world.fs.free = 600_000;
  await world.clock.until(shipping);
  expect(await world.letters()).toHaveLength(1);
  await world.clock.until(run.spool.close());
});
