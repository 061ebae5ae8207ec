/**
 * Walks every window of bringing a damaged or deleted chunk back from the log, as `crash-windows.test.ts` does for all
 * else: at each call that changes the disk something fails, the process ends, or the power does.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Call, Fault } from '../support/faulty-fs.ts';
import { logOf, outcomeOf, World, type Log } from './support/world.ts';

const PATIENCE_MS = 300_000;
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
});

const A: Log = logOf('a.log', ['a1 01', 'a2 0d', 'a3 -', 'a4 r1', 'a5 d', 'a6 0', 'a7 01']);
const B: Log = logOf('b.log', ['b1 01d', 'b2 0', 'b3 1'], { ino: '8' });
const LOGS = [A, B];
const { quarantine: _, ...EXPECTED } = outcomeOf(LOGS);

/** A run that left chunks of two seals for each destination, and a checkpoint that knows them. */
async function before(life: Life): Promise<World> {
  const world = await World.create();
  worlds.push(world);
  await world.clock.until(
    (async () => {
      const run = await world.boot();
      await run.read(A, 4);
      await run.read(B, 1);
      await run.spool.flush();
      await run.spool.close();
    })(),
  );
  world.fs = await world.fs.reboot();
  if (life === damaged) await damage(world);
  return world;
}

const chunksOf = async (world: World, destination: string): Promise<string[]> => {
  const folder = join(world.stateDir, 'spool', destination);
  return (await readdir(folder)).map((name) => join(folder, name));
};

/** Delivers what the last run left, with new lines, seals and checkpoints in between. */
async function damaged(world: World): Promise<void> {
  const { clock } = world;
  const run = await world.boot();
  await run.ship('lago', 1);
  await clock.sleep(300);
  await run.read(A);
  await run.ship('other lago', 1);
  await run.read(B);
  await run.spool.flush();
  await clock.sleep(1000);
  await run.shipAll();
  await run.spool.close();
}

/** Some of what waits is damaged: of each destination the first chunk, of one of them both. */
async function damage(world: World): Promise<void> {
  const [first, second] = await chunksOf(world, 'lago');
  const [other] = await chunksOf(world, 'other lago');
  await world.fs.flipBit(first!, -3);
  await world.fs.flipBit(second!, 20);
  await world.fs.flipBit(other!, 300);
}

/** All of it is deleted while the daemon runs. Until the next checkpoint says so, nobody can know after a crash. */
async function deleted(world: World): Promise<void> {
  const { clock, fs } = world;
  const { fault } = fs;
  fs.fault = () => undefined;
  const run = await world.boot();
  world.logError = new Error('EACCES: permission denied');
  await fs.vanish(world.stateDir);
  await run.spool.lookAfterFolders();
  await clock.sleep(1000);
  world.logError = undefined;
  fs.fault = fault;
  // The first of them is asked for, the others come back though nobody asks.
  await run.ship('lago', 1);
  await clock.sleep(61_000);
  await run.read(A);
  await run.read(B);
  await run.spool.flush();
  await clock.sleep(1000);
  await run.shipAll();
  await run.spool.close();
}

type Checkpoints = 'all' | 'the previous one' | 'none';

/** What comes of it when a new start finds what is left, and these checkpoints. */
async function outcomeOfWorld(world: World, checkpoints: Checkpoints): Promise<object> {
  const names = ['checkpoint.json', ...(checkpoints === 'none' ? ['checkpoint.previous.json'] : [])];
  if (checkpoints !== 'all') for (const name of names) await rm(join(world.stateDir, name), { force: true });
  const imbalances = checkpoints === 'all' ? await world.imbalances() : [];
  world.logError = undefined;
  await world.finish(LOGS);
  const { quarantine: _, ...outcome } = await world.outcome();
  expect([imbalances, await world.imbalances()]).toEqual([[], []]);
  return outcome;
}

const WRITE_FAULTS: ReadonlySet<Fault> = new Set<Fault>(['torn', 'stop_torn', 'stop_unsynced']);
type Life = (world: World) => Promise<void>;

async function* walk(life: Life, fault: Fault, end: 'reboot' | 'losePower'): AsyncGenerator<[Call, World]> {
  const calls = callsOf.get(life) ?? [];
  for (const call of calls) {
    if (WRITE_FAULTS.has(fault) && call.name !== 'write' && call.name !== 'writeAt') continue;
    const world = await before(life);
    world.fs.fault = ({ index }) => (index === call.index ? fault : undefined);
    const over = world.clock.until(life(world)).catch((error: unknown) => {
      if (!String(error).includes('injected')) throw error;
    });
    await Promise.race([over, world.fs.died]);
    world.fs = await world.fs[end]();
    yield [call, world];
    await world.remove();
  }
}

/** The calls of a life that change the disk. */
const callsOf = new Map<Life, readonly Call[]>();

beforeAll(async () => {
  for (const life of [damaged, deleted]) {
    const world = await before(life);
    let first = -1;
    // What a life does before it lets faults happen is no window of it.
    if (life === deleted) world.fs.fault = ({ index }) => void (first = first < 0 ? index : first);
    await world.clock.until(life(world));
    callsOf.set(
      life,
      world.fs.calls.filter(({ index }) => index >= Math.max(0, first)),
    );
  }
});

const LIVES: [string, Life][] = [
  ['damaged chunks', damaged],
  ['chunks that were deleted with their folders', deleted],
];

describe.each(LIVES)('%s', (_name, life) => {
  test('are mended and delivered, and nothing is lost', async () => {
    const world = await before(life);
    await world.clock.until(life(world));
    const { quarantine: _, ...outcome } = await world.outcome();
    expect(withoutLetters(outcome, life)).toEqual(withoutLetters(EXPECTED, life));
    expect(world.reported('chunk_restored').length).toBeGreaterThan(2);
    expect(world.reported('chunk_quarantined')).toEqual([]);
    expect(callsOf.get(life)!.length).toBeGreaterThan(40);
  });

  test.each<[Fault, 'reboot' | 'losePower']>([
    ['fail', 'reboot'],
    ['fail_after', 'reboot'],
    ['torn', 'reboot'],
    ['stop_after', 'reboot'],
    ['stop_torn', 'reboot'],
    ['stop_after', 'losePower'],
    ['stop_torn', 'losePower'],
    ['stop_unsynced', 'losePower'],
  ])(
    'lose and double nothing, whichever call goes wrong: %s, %s',
    async (fault, end) => {
      for await (const [at, world] of walk(life, fault, end)) {
        const outcome = withoutLetters(await outcomeOfWorld(world, 'all'), life);
        expect({ at, outcome }).toEqual({ at, outcome: withoutLetters(EXPECTED, life) });
      }
    },
    PATIENCE_MS,
  );

  test(
    'lose and double nothing with the newest checkpoint lost as well, whichever call goes wrong',
    async () => {
      for await (const [at, world] of walk(life, 'stop_after', 'losePower')) {
        const outcome = withoutLetters(await outcomeOfWorld(world, 'the previous one'), life);
        expect({ at, outcome }).toEqual({ at, outcome: withoutLetters(EXPECTED, life) });
      }
    },
    PATIENCE_MS,
  );

  test(
    'lose and double nothing with both checkpoints lost as well, whichever call goes wrong',
    async () => {
      for await (const [at, world] of walk(life, 'stop_after', 'losePower')) {
        await outcomeOfWorld(world, 'none');
        const { events, conflicts } = await world.outcome();
        expect({ at, events, conflicts }).toEqual({ at, events: EXPECTED.events, conflicts: [] });
      }
    },
    PATIENCE_MS,
  );
});

/** The letters of the lines that were read before are deleted with all else. */
const withoutLetters = (outcome: object, life: Life): object =>
  life === deleted ? { ...outcome, letters: [] } : outcome;
