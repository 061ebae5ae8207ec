import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logOf, outcomeOf, World, type Run } from './support/world.ts';

const LINES = Array.from({ length: 40 }, (_, n) => `l${n} 0`);
const LOG = logOf('a.log', LINES);

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.remove());

/** What a promise has come to when all else is at rest. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'done' | 'failed'> {
  let state: 'pending' | 'done' | 'failed' = 'pending';
  void Promise.allSettled([promise]).then(
    ([result]) => (state = result.status === 'fulfilled' ? 'done' : 'failed'),
  );
  await world.fs.quiet();
  return state;
}

async function finish(run: Run): Promise<void> {
  const rest = (async () => {
    await run.read(LOG);
    await run.spool.flush();
    await run.shipAll();
    await run.spool.close();
  })();
  await world.clock.until(rest);
  expect(await world.outcome()).toEqual(outcomeOf([LOG]));
}

describe('a disk that refuses', () => {
  test.each(['ENOSPC', 'EIO', 'EACCES', 'EROFS'])(
    'pauses reading on %s and lets it go on when it is over, without a restart',
    async (code) => {
      const run = await world.boot();
      await run.read(LOG, 5);
      world.fs.errorCode = code;
      world.fs.fault = (call) => (call.index < 0 ? undefined : 'fail');
      const flushed = run.spool.flush();
      await world.clock.advance(10_000);
      expect(run.spool.gate.causes).toEqual(['write_failed']);
      expect(world.reported('spool_paused')).toMatchObject([
        { cause: 'write_failed', message: expect.stringContaining(code) as string },
      ]);
      const reading = run.read(LOG, 5);
      expect(await stateOf(reading)).toBe('pending');

      world.fs.fault = () => undefined;
      await world.clock.until(Promise.all([flushed, reading]));
      expect(run.spool.gate.isOpen).toBe(true);
      expect(world.reported('spool_resumed')).toHaveLength(1);
      await finish(run);
    },
  );

  test('when it is full, settled chunks are still deleted, as the checkpoint needs no space', async () => {
    const run = await world.boot();
    await run.read(LOG, 20);
    await run.spool.flush();
    await run.ship('lago');
    await world.clock.advance(300);
    world.fs.full = true;
    const stuck = run.read(LOG, 5).then(() => run.spool.flush());
    await world.clock.advance(5000);
    expect(run.spool.gate.causes).toEqual(['write_failed']);
    expect(await world.files('spool')).toEqual([]);
    expect(run.spool.gate.bytes).toBe(0);

    world.fs.full = false;
    await world.clock.until(stuck);
    await finish(run);
  });

  test('when it is full, nothing half-written is left to fill it further', async () => {
    const run = await world.boot();
    await run.read(LOG, 5);
    world.fs.full = true;
    const flushed = run.spool.flush();
    await world.clock.advance(100);
    expect(await world.files('spool')).toEqual([]);
    world.fs.full = false;
    await world.clock.until(flushed);
    await finish(run);
  });

  test('does not keep the daemon from stopping: what is not durable is read again', async () => {
    const run = await world.boot();
    await run.read(LOG, 5);
    world.fs.fault = ({ name }) => (name === 'write' ? 'fail' : undefined);
    const flushed = run.spool.flush();
    await world.clock.advance(3000);
    const reading = run.read(LOG, 5);
    expect(await stateOf(reading)).toBe('pending');
    run.spool.release();
    await flushed;
    expect(await stateOf(reading)).toBe('failed');
    await run.spool.close();
    world.fs.fault = () => undefined;

    await world.finish([LOG]);
    expect(await world.outcome()).toEqual(outcomeOf([LOG]));
  });

  test('does not keep the daemon from starting: it ships what waits, and reading pauses', async () => {
    const first = await world.boot();
    await first.read(LOG, 5);
    await first.spool.flush();
    world.fs = await world.fs.reboot();
    world.fs.full = true;
    const run = await world.boot();
    await run.ship('lago');
    await world.clock.advance(2000);
    expect(await world.files('spool')).toEqual([]);
    world.fs.full = false;
    await finish(run);
  });
});

describe('a slow disk', () => {
  test('holds reading back instead of filling the memory', async () => {
    const run = await world.boot();
    const lines = Array.from({ length: 12 }, (_, n) => `l${n} ${'0'.repeat(500)}`);
    const log = logOf('a.log', lines);
    const other = logOf('b.log', lines, { ino: '8' });
    await run.read(log, 0);
    await run.read(other, 0);
    world.fs.pause();
    const readers = [log, other].map(async (each) => {
      for (let i = 0; i < lines.length; i++) await run.read(each, 1);
    });
    const taken = (): number => run.spool.openCounts().events[0] ?? 0;
    await world.fs.quiet();
    await world.fs.quiet();
    // Two ranges of 2,000 events wait for the disk, one of each log is open.
    const most = 4 * 2000;
    expect(taken()).toBeGreaterThan(2000);
    expect(taken()).toBeLessThanOrEqual(most);
    world.fs.resume();
    await world.clock.until(Promise.all(readers).then(() => run.spool.flush()));
    expect(run.spool.ledger.destination('lago').events).toBe(2 * lines.length * 500);
  });
});

describe('spool.max_bytes', () => {
  test('pauses reading when it is reached and lets it go on when enough is delivered and deleted', async () => {
    world.options = { maxBytes: 3000 };
    const run = await world.boot();
    let read = 0;
    while (run.spool.gate.isOpen && read < LINES.length) {
      await run.read(LOG, 4);
      await run.spool.flush();
      read += 4;
    }
    expect(read).toBeLessThan(LINES.length);
    expect(world.reported('spool_paused')).toMatchObject([
      { cause: 'full', message: expect.stringContaining('spool.max_bytes') as string },
    ]);
    const reading = run.read(LOG, 4);
    await world.clock.advance(60_000);
    expect(await stateOf(reading)).toBe('pending');

    await run.ship('lago', 1);
    await world.clock.until(reading);
    expect(world.reported('spool_resumed')).toHaveLength(1);
    world.options = {};
    await world.clock.until(
      (async () => {
        for (let at = read + 4; at < LINES.length; at += 4) {
          await run.spool.flush();
          await run.ship('lago');
          await run.read(LOG, 4);
        }
      })(),
    );
    await finish(run);
  });

  test('holds for what a start finds, too', async () => {
    const first = await world.boot();
    await first.read(LOG, 30);
    await first.spool.flush();
    world.fs = await world.fs.reboot();
    world.options = { maxBytes: 500 };
    const run = await world.boot();
    expect(run.spool.gate.causes).toEqual(['full']);
    await run.ship('lago');
    await world.clock.advance(2000);
    expect(run.spool.gate.isOpen).toBe(true);
  });

  test('does not count chunks of destinations that are no longer configured: nothing would ever free them', async () => {
    const first = await world.boot();
    await first.read(logOf('a.log', ['x 0', 'y 1']));
    await first.spool.flush();
    await first.spool.close();
    const { stateDir } = world;
    const { rename } = await import('node:fs/promises');
    await rename(`${stateDir}/spool/other lago`, `${stateDir}/spool/former`);
    world.fs = await world.fs.reboot();
    const run = await world.boot();
    const [waiting] = run.spool.queue('lago').take(1);
    expect(run.spool.gate.bytes).toBe(waiting?.bytes);
    expect(world.reported('destination_unknown')).toMatchObject([
      { destination: 'former', chunks: 1, events: 1 },
    ]);
  });
});

describe('spool.min_free_bytes', () => {
  test('pauses reading while the disk has less, and looks again each second', async () => {
    world.options = { minFreeBytes: 1000 };
    const run = await world.boot();
    await run.read(LOG, 4);
    world.fs.free = 999;
    await world.clock.advance(1000);
    await run.read(LOG, 1);
    await run.spool.flush();
    expect(run.spool.gate.causes).toEqual(['disk_low']);
    const reading = run.read(LOG, 5);
    await world.clock.advance(5000);
    expect(await stateOf(reading)).toBe('pending');
    world.fs.free = 1000;
    await world.clock.until(reading);
    expect(world.reports.map(({ event }) => event)).toEqual(['spool_paused', 'spool_resumed']);
    world.options = {};
    await finish(run);
  });
});
