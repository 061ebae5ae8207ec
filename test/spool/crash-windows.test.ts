/**
 * Walks every window of seal – checkpoint – ship – delete: each call that changes the disk fails, tears, is the last
 * thing before or after which the process ends, or the power fails. After each, a new start must bring every line
 * to the server or the dead letters exactly once, with books that add up.
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Call, Fault } from '../support/faulty-fs.ts';
import { logOf, outcomeOf, World, type Log, type Outcome } from './support/world.ts';

/** Far more than it takes, also where much else runs. */
const PATIENCE_MS = 300_000;

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
});

async function newWorld(): Promise<World> {
  const world = await World.create();
  worlds.push(world);
  return world;
}

const A: Log = logOf(
  'a.log',
  ['a1 01', 'a2 0d', 'a3 -', 'a4 r1', 'a5 d', 'a6 -', 'a7 d', 'a8 0', 'a9 1r', 'a10 01'],
  {
    rotated: true,
  },
);
const B: Log = logOf('b.log', ['b1 01d', 'b2 d', 'b3 -', 'b4 1'], { ino: '8' });
const NEXT: Log = logOf('a.log', ['n1 0', 'n2 r', 'n3 01'], { ino: '9' });
const LOGS = [A, B, NEXT];

/** Two sources, two destinations, ranges with and without events, a rotation, deliveries between, a clean stop. */
async function scenario(world: World): Promise<void> {
  const { clock } = world;
  const run = await world.boot();
  await run.read(A, 4);
  await run.read(B, 1);
  await run.spool.flush();
  await run.ship('lago', 1);
  await clock.sleep(300);
  // Nothing but a dead letter, then nothing at all.
  await run.read(A, 1);
  await run.spool.flush();
  await run.read(A, 1);
  await run.spool.flush();
  await run.ship('other lago', 1);
  await run.read(B, 2);
  await run.read(A);
  await clock.sleep(6000);
  await run.read(NEXT, 2);
  await run.ship('lago', 2);
  await clock.sleep(1000);
  await run.spool.flush();
  await run.shipAll();
  await run.read(NEXT);
  await run.read(B);
  await run.spool.flush();
  await run.spool.close();
}

/** Runs the scenario with a fault at one call. A start or a stop may fail for good; what it leaves is what counts. */
async function runWithFault(world: World, index: number, fault: Fault): Promise<void> {
  world.fs.fault = (call) => (call.index === index ? fault : undefined);
  const over = world.clock.until(scenario(world)).catch((error: unknown) => {
    if (!String(error).includes('injected')) throw error;
  });
  await Promise.race([over, world.fs.died]);
}

/** What a new start makes of what is left. */
async function recovered(world: World): Promise<Outcome & { imbalances: readonly string[] }> {
  const imbalances = await world.imbalances();
  await world.finish(LOGS);
  return { ...(await world.outcome()), imbalances };
}

const EXPECTED = { ...outcomeOf(LOGS), imbalances: [] };

/** The calls of the scenario that change the disk: it makes the same ones each time. */
let calls: readonly Call[] = [];

/** These make sense only where something is written. */
const WRITE_FAULTS: ReadonlySet<Fault> = new Set<Fault>(['torn', 'stop_torn', 'stop_unsynced']);

beforeAll(async () => {
  const world = await World.create();
  await world.clock.until(scenario(world));
  calls = world.fs.calls.filter(({ index }) => index >= 0);
  await world.remove();
});

type End = 'reboot' | 'losePower' | 'start and losePower';

/** Makes every call at which it is possible go wrong, each in a world of its own, and says what comes of each. */
async function* walk(fault: Fault, end: End): AsyncGenerator<{ at: Call; outcome: object }> {
  for (const call of calls) {
    const isWrite = call.name === 'write' || call.name === 'writeAt';
    if (WRITE_FAULTS.has(fault) && !isWrite) continue;
    const world = await newWorld();
    await runWithFault(world, call.index, fault);
    if (end === 'start and losePower') {
      // What a start finds in the page cache counts for it. So it must be durable before anything is built on it.
      world.fs = await world.fs.reboot();
      await world.clock.until(world.boot());
      // Long enough for the deletion of what was settled.
      await world.clock.advance(1500);
    }
    world.fs = await world.fs[end === 'reboot' ? 'reboot' : 'losePower']();
    yield { at: call, outcome: await recovered(world) };
    await world.remove();
  }
}

describe('every crash window', () => {
  test('the scenario itself settles everything', async () => {
    const world = await newWorld();
    await world.clock.until(scenario(world));
    expect(await recovered(world)).toEqual(EXPECTED);
    expect(world.reported('chunk_quarantined')).toEqual([]);
    expect(calls.length).toBeGreaterThan(100);
  });

  test.each<Fault>(['fail', 'fail_after', 'torn'])(
    'a call that fails loses and doubles nothing, whichever it is: %s',
    async (fault) => {
      for await (const { at, outcome } of walk(fault, 'reboot'))
        expect({ at, outcome }).toEqual({ at, outcome: EXPECTED });
    },
    PATIENCE_MS,
  );

  // The end before a call is the end after the one before it.
  test.each<Fault>(['stop_after', 'stop_torn'])(
    'a kill loses and doubles nothing, whichever call it comes with: %s',
    async (fault) => {
      for await (const { at, outcome } of walk(fault, 'reboot'))
        expect({ at, outcome }).toEqual({ at, outcome: EXPECTED });
    },
    PATIENCE_MS,
  );

  test.each<Fault>(['stop_after', 'stop_torn', 'stop_unsynced'])(
    'a power failure soon after the start that follows a kill loses and doubles nothing: %s',
    async (fault) => {
      for await (const { at, outcome } of walk(fault, 'start and losePower'))
        expect({ at, outcome }).toEqual({ at, outcome: EXPECTED });
    },
    PATIENCE_MS,
  );

  test.each<Fault>(['stop_after', 'stop_torn', 'stop_unsynced'])(
    'a power failure loses and doubles nothing, whichever call it comes with: %s',
    async (fault) => {
      for await (const { at, outcome } of walk(fault, 'losePower'))
        expect({ at, outcome }).toEqual({ at, outcome: EXPECTED });
    },
    PATIENCE_MS,
  );

  test.each(['reboot', 'losePower'] as const)(
    'a recovery that is cut off loses and doubles nothing, whichever call it comes with: %s',
    async (end) => {
      // After the first name of a group of two: there is something to clear away.
      const cut = calls.find(({ name, path }, i) => {
        const next = calls[i + 1];
        return (
          name === 'rename' &&
          next?.name === 'rename' &&
          path.includes('spool') &&
          next.path.includes('spool')
        );
      });
      for (let at = 0, reached = true; reached; at++) {
        const world = await newWorld();
        await runWithFault(world, cut?.index ?? -1, 'stop_after');
        world.fs = await world.fs.reboot();
        world.fs.fault = (call) => (call.index === at ? 'stop_after' : undefined);
        await Promise.race([world.clock.until(world.boot()), world.fs.died]);
        reached = world.fs.changes > at;
        world.fs = await world.fs[end]();
        expect({ at, outcome: await recovered(world) }).toEqual({ at, outcome: EXPECTED });
        await world.remove();
      }
    },
    PATIENCE_MS,
  );

  test('a kill while a chunk is delivered, with checkpoints in between, doubles no dead letter', async () => {
    const world = await newWorld();
    const run = await world.boot();
    await run.read(A);
    await run.spool.flush();
    await run.read(B);
    world.shippingMs = 500;
    void run.ship('lago', 1);
    await world.clock.advance(100);
    await run.spool.flush();
    await world.clock.advance(700);
    expect((await world.letters()).filter(({ reason }) => reason === 'rejected')).toHaveLength(2);
    expect(run.spool.ledger.destination('lago').dead).toBe(0);
    world.fs = await world.fs.reboot();
    expect(await recovered(world)).toEqual(EXPECTED);
  });

  test('a kill while a seal is tried again, with a checkpoint in between, doubles no dead letter', async () => {
    const world = await newWorld();
    const run = await world.boot();
    await run.read(B, 1);
    await run.spool.flush();
    await run.read(A, 5);
    // The letters of the range are written, its chunks cannot be.
    world.fs.fault = ({ name }) => (name === 'write' ? 'fail' : undefined);
    void run.spool.flush();
    await world.clock.advance(100);
    await run.ship('lago');
    await world.clock.advance(2000);
    expect((await world.letters()).length).toBeGreaterThan(2);
    world.fs = await world.fs.reboot();
    expect(await recovered(world)).toEqual(EXPECTED);
  });
});
