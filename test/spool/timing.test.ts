import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logOf, World, type Run } from './support/world.ts';

const LOG = logOf(
  'a.log',
  Array.from({ length: 100 }, (_, n) => `l${n} 0`),
);

let world: World;
let run: Run;
beforeEach(async () => {
  world = await World.create();
  run = await world.boot();
});
afterEach(() => world.remove());

const sealedEvents = (): number => run.spool.ledger.destination('lago').events;

describe('an open range is sealed', () => {
  test('when its log has been quiet for inactive_timeout', async () => {
    await run.read(LOG, 3);
    await world.clock.advance(4999);
    expect(sealedEvents()).toBe(0);
    await world.clock.advance(1);
    expect(sealedEvents()).toBe(3);
  });

  test('when its first event is as old as buffer_duration, though lines go on coming', async () => {
    for (let second = 0; second < 59; second++) {
      await run.read(LOG, 1);
      await world.clock.advance(1000);
    }
    expect(sealedEvents()).toBe(0);
    await run.read(LOG, 1);
    await world.clock.advance(1000);
    expect(sealedEvents()).toBe(60);
  });

  test('each by its own times, when there are several', async () => {
    const other = logOf('b.log', ['x 1', 'y 1'], { ino: '8' });
    await run.read(LOG, 3);
    await world.clock.advance(3000);
    await run.read(other);
    await world.clock.advance(2000);
    expect([sealedEvents(), run.spool.ledger.destination('other lago').events]).toEqual([3, 0]);
    await world.clock.advance(3000);
    expect([sealedEvents(), run.spool.ledger.destination('other lago').events]).toEqual([3, 2]);
  });

  test('again and again, after pauses in which nothing was open', async () => {
    for (let round = 1; round <= 3; round++) {
      await run.read(LOG, 1);
      await world.clock.advance(60_000);
      expect(sealedEvents()).toBe(round);
    }
  });

  test.each([-7_200_000, 7_200_000])('though somebody sets the clock by %d ms', async (jump) => {
    await run.read(LOG, 3);
    world.clock.set(jump);
    await world.clock.advance(5000);
    expect(sealedEvents()).toBe(3);
  });

  test('when it has 4,000 events, in the middle of a block', async () => {
    const many = logOf(
      'a.log',
      Array.from({ length: 4500 }, (_, n) => `m${n} 0`),
      { ino: '9' },
    );
    await run.read(many);
    await world.fs.quiet();
    expect(sealedEvents()).toBe(4000);
    expect(run.spool.openCounts().events).toEqual([500]);
  });

  test('when it has spanned 8 MiB of the log that gave no event', async () => {
    const line = `${'s'.repeat(100_000)} -`;
    const skipped = logOf(
      'b.log',
      Array.from({ length: 90 }, () => line),
      { ino: '9' },
    );
    for (let i = 0; i < 90; i++) await run.read(skipped, 1);
    await world.fs.quiet();
    expect(run.spool.ledger.sources().get('b.log')?.counts.skipped).toBe(84);
  });
});

describe('the checkpoint', () => {
  test('is written at most four times a second', async () => {
    const writes = (): number =>
      world.fs.calls.filter(({ name, path }) => name === 'writeAt' && path.includes('checkpoint')).length;
    await run.read(LOG, 1);
    await world.clock.advance(1000);
    const before = writes();
    for (let i = 0; i < 20; i++) {
      await run.read(LOG, 1);
      await run.spool.flush();
      await run.ship('lago');
      await world.clock.advance(50);
    }
    expect(writes() - before).toBeLessThanOrEqual(4);
    expect(writes() - before).toBeGreaterThanOrEqual(3);
  });

  test('comes to rest when nothing changes any more', async () => {
    await run.read(LOG, 5);
    await run.spool.flush();
    await run.ship('lago');
    await world.clock.advance(6000);
    expect(world.clock.sleeping).toBe(0);
    expect(await world.files('spool')).toEqual([]);
  });

  test('failing is reported, tried again, and made good without a restart', async () => {
    await run.read(LOG, 5);
    world.fs.fault = ({ name, path }) =>
      name === 'writeAt' && path.includes('checkpoint') ? 'torn' : undefined;
    await run.spool.flush();
    await run.ship('lago');
    await world.clock.advance(3000);
    expect(world.reported('checkpoint_failed').length).toBeGreaterThan(1);
    expect(await world.files('spool')).toHaveLength(1);
    world.fs.fault = () => undefined;
    await world.clock.advance(3000);
    expect(await world.files('spool')).toEqual([]);
  });

  test('records a generation before its first line, so that start_at: end holds after a crash', async () => {
    const { generation } = LOG;
    await run.spool.intake.started?.('a.log', generation, 12);
    world.fs = await world.fs.losePower();
    const next = await world.boot();
    expect(next.spool.positions().get('a.log')).toMatchObject([{ ...generation, offset: 12, ended: false }]);
  });

  test('knows that a generation goes on that had ended', async () => {
    const { generation } = LOG;
    const { intake } = run.spool;
    await intake.started?.('a.log', generation, 0);
    await intake.ended('a.log', generation, 40);
    await world.clock.advance(1000);
    await intake.started?.('a.log', generation, 40);
    world.fs = await world.fs.losePower();
    const next = await world.boot();
    expect(next.spool.positions().get('a.log')).toMatchObject([{ ...generation, offset: 40, ended: false }]);
  });
});
