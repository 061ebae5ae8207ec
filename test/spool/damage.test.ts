import { appendFile, cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptChunkError, NewerChunkError, StateDirError } from '../../src/errors.ts';
import type { SealedChunk } from '../../src/types.ts';
import { logOf, mapper, outcomeOf, SEARCH_AGAIN_MS, World, type Outcome, type Run } from './support/world.ts';

const LOG = logOf('a.log', ['a1 0', 'a2 01', 'a3 d', 'a4 0', 'a5 r', 'a6 -', 'a7 0', 'a8 0']);

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.remove());

const path = (...parts: string[]): string => join(world.stateDir, ...parts);
const chunkPath = (name: string): string => path('spool', 'lago', name);

async function flipByte(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at < 0 ? bytes.length + at : at]! ^= 4;
  await writeFile(file, bytes);
}

/** Seals three ranges of one chunk for lago each. With `stop`, the checkpoint knows them. */
async function sealThree({ stop }: { stop: boolean }): Promise<string[]> {
  const run = await world.boot();
  for (const count of [4, 2, 2]) {
    await run.read(LOG, count);
    await run.spool.flush();
  }
  if (stop) await run.spool.close();
  world.fs = await world.fs.reboot();
  return readdir(path('spool', 'lago'));
}

/** Ships as a shipper does that finds damaged chunks. Resolves to what was wrong. */
async function shipAll(run: Run): Promise<Error[]> {
  const errors: Error[] = [];
  const deliver = async (chunk: SealedChunk): Promise<void> => {
    const queue = run.spool.queue(chunk.destination);
    try {
      await run.settle(await queue.load(chunk));
    } catch (error) {
      errors.push(error as Error);
      if (!(error instanceof CorruptChunkError)) return;
      const isBack = await world.clock.until(queue.restore(chunk, error));
      if (isBack) await run.settle(await queue.load(chunk));
    }
  };
  for (const destination of ['lago', 'other lago']) {
    for (const chunk of run.spool.queue(destination).take(100)) await deliver(chunk);
  }
  return errors;
}

const eventsIn = (bytes: Buffer): string => bytes.toString().slice(bytes.indexOf('\n') + 1);
const headerOf = (bytes: Buffer): Record<string, unknown> =>
  JSON.parse(bytes.toString().split('\n')[0] ?? '') as Record<string, unknown>;

/** Has the first chunk of the queue mended, and leaves it unsettled. */
async function restoreFirst(run: Run): Promise<void> {
  const queue = run.spool.queue('lago');
  const [chunk] = queue.take(1);
  expect(await queue.restore(chunk!, new Error('damaged'))).toBe(true);
}

const withQuarantine = (quarantine: unknown): Outcome => ({
  ...outcomeOf([LOG]),
  quarantine: quarantine as string[],
});

describe('a damaged chunk that the checkpoint does not know', () => {
  test.each([
    ['its last byte is flipped', (file: string) => flipByte(file, -2)],
    ['its header is flipped', (file: string) => flipByte(file, 30)],
    ['it is cut off', (file: string) => truncate(file, 100)],
    ['it is empty', (file: string) => truncate(file, 0)],
    ['it is another one', (file: string, next: string) => cp(next, file)],
  ])('is put aside with those that follow, and their lines are read again: %s', async (_, damage) => {
    const [first, second, third] = await sealThree({ stop: false });
    await damage(chunkPath(second!), chunkPath(third!));
    await world.finish([LOG]);
    expect(world.reported('chunk_quarantined')).toHaveLength(2);
    expect(await world.outcome()).toEqual(withQuarantine([`lago-${second}`, `lago-${third}`]));
    expect(first).toBeDefined();
  });

  test('takes the other chunks of its seal with it', async () => {
    const [first] = await sealThree({ stop: false });
    await flipByte(chunkPath(first!), -2);
    await world.finish([LOG]);
    // The second destination's chunk of the same seal, and the seals after it.
    expect(await world.outcome()).toEqual(withQuarantine(expect.objectContaining({ length: 4 })));
  });

  test('does not double the dead letters of events that were shipped from it', async () => {
    const run = await world.boot();
    await run.read(LOG, 4);
    await run.spool.flush();
    await run.read(LOG);
    await run.spool.flush();
    await run.ship('lago');
    world.fs = await world.fs.reboot();
    const [first] = await readdir(path('spool', 'lago'));
    await flipByte(chunkPath(first!), -2);
    await world.finish([LOG]);
    expect(await world.outcome()).toEqual(withQuarantine(expect.anything()));
  });

  test('that cannot be read at all is put aside, too', async () => {
    const [, second] = await sealThree({ stop: false });
    world.fs.fault = (call) => (call.name === 'read' && call.path.endsWith(second!) ? 'fail' : undefined);
    await world.finish([LOG]);
    expect(await world.outcome()).toEqual(withQuarantine(expect.objectContaining({ length: 2 })));
  });
});

describe('a damaged chunk that the checkpoint knows', () => {
  test.each([
    ['its last byte is flipped', (file: string) => flipByte(file, -2)],
    ['its header is gone', (file: string) => writeFile(file, Buffer.alloc(500))],
    ['it is cut off', (file: string) => truncate(file, 10)],
    ['it is empty', (file: string) => truncate(file, 0)],
    ['it is another one', (file: string, next: string) => cp(next, file)],
  ])('is mended from the log when it is loaded, and delivered: %s', async (_, damage) => {
    const [first, second] = await sealThree({ stop: true });
    const whole = await readFile(chunkPath(first!));
    await damage(chunkPath(first!), chunkPath(second!));
    const damaged = await readFile(chunkPath(first!));
    const run = await world.boot();
    expect(await shipAll(run)).toMatchObject([expect.any(CorruptChunkError)]);
    // What was delivered is what was sealed; of its header only the date may differ.
    expect(eventsIn(await readFile(chunkPath(first!)))).toBe(eventsIn(whole));
    await run.spool.close();
    expect(await world.outcome()).toEqual(withQuarantine([`lago-${first}`]));
    expect(await readFile(path('quarantine', `lago-${first}`))).toEqual(damaged);
    expect(run.spool.ledger.destination('lago').lost).toBe(0);
    expect(world.reported('chunk_quarantined')).toEqual([]);
    expect(world.reported('chunk_restored')).toMatchObject([
      { destination: 'lago', file: path('quarantine', `lago-${first}`), path: '/log/a.log', events: 3 },
    ]);
  });

  test('does not change the books: no line, letter or repeated id is counted twice', async () => {
    const [, second] = await sealThree({ stop: true });
    await flipByte(chunkPath(second!), -2);
    const run = await world.boot();
    const before = run.spool.ledger.snapshot();
    const queue = run.spool.queue('lago');
    const chunk = queue.take(2)[1]!;
    await expect(queue.load(chunk)).rejects.toThrow(CorruptChunkError);
    expect(await queue.restore(chunk, new Error('damaged'))).toBe(true);
    expect(run.spool.ledger.snapshot()).toEqual(before);
    expect(await queue.load(chunk)).toMatchObject({ source: 'a.log', generation: LOG.generation });
  });

  test('has the header that it had, with the other chunks of its seal', async () => {
    const [first] = await sealThree({ stop: true });
    const { created: _, crc32: __, ...before } = headerOf(await readFile(chunkPath(first!)));
    await flipByte(chunkPath(first!), -2);
    const run = await world.boot();
    await restoreFirst(run);
    const { created, crc32, ...after } = headerOf(await readFile(chunkPath(first!)));
    expect(after).toEqual(before);
    expect([typeof created, typeof crc32]).toEqual(['string', 'number']);
  });

  test.each(['both checkpoints', 'the newest checkpoint'])(
    'is one like any other once it is mended, also with %s lost',
    async (which) => {
      const [first] = await sealThree({ stop: true });
      await flipByte(chunkPath(first!), -2);
      const run = await world.boot();
      await restoreFirst(run);
      await run.spool.close();
      world.fs = await world.fs.reboot();
      await rm(path('checkpoint.json'));
      if (which.startsWith('both')) await rm(path('checkpoint.previous.json'));
      await world.finish([LOG]);
      const { events, conflicts, destinations } = await world.outcome();
      const expected = outcomeOf([LOG]);
      expect({ events, conflicts, destinations }).toEqual({
        events: expected.events,
        conflicts: [],
        destinations: expected.destinations,
      });
    },
  );

  test('never takes the place of another one in the quarantine', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    await writeFile(path('quarantine', `lago-${first}`), 'an earlier one');
    await shipAll(await world.boot());
    expect(await world.files('quarantine')).toEqual([`lago-${first}`, `lago-${first}.2`]);
  });

  test('is mended where the damaged file cannot be kept', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    world.fs.fault = ({ name }) => (name === 'link' ? 'fail' : undefined);
    const run = await world.boot();
    await shipAll(run);
    await run.spool.close();
    expect(await world.outcome()).toEqual(outcomeOf([LOG]));
  });

  test('waits while the log cannot be read, and others are delivered', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    const run = await world.boot();
    const queue = run.spool.queue('lago');
    const [chunk] = queue.take(1);
    world.logError = new Error('EACCES: permission denied');
    await expect(world.clock.until(queue.restore(chunk!, new Error('damaged')))).rejects.toThrow('EACCES');
    await shipAll(run);
    expect(run.spool.ledger.destination('lago')).toMatchObject({ delivered: 2, dead: 1, lost: 0 });
    world.logError = undefined;
    expect(await queue.restore(chunk!, new Error('damaged'))).toBe(true);
    await run.deliver(chunk!);
    await run.spool.close();
    expect(await world.outcome()).toEqual(withQuarantine([`lago-${first}`]));
  });

  test('is found when its log turns up again, as files are on the move', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    const run = await world.boot();
    const [chunk] = run.spool.queue('lago').take(1);
    world.logs.clear();
    const restored = run.spool.queue('lago').restore(chunk!, new Error('damaged'));
    await world.clock.advance(SEARCH_AGAIN_MS);
    world.logs.add(LOG);
    await world.clock.advance(SEARCH_AGAIN_MS);
    expect(await restored).toBe(true);
  });

  test('is not made of the lines of another log that begins alike', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    const run = await world.boot();
    world.logs.clear();
    world.logs.add({ ...LOG, lines: LOG.lines.map((line) => line.replace('a', 'b')) });
    world.logs.add(LOG);
    await shipAll(run);
    await run.spool.close();
    expect(await world.outcome()).toEqual(withQuarantine([`lago-${first}`]));
  });
});

describe('a damaged chunk whose lines are in no log any more', () => {
  test('is put aside, and its events count as lost', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    world.logs.clear();
    const run = await world.boot();
    expect(await shipAll(run)).toHaveLength(1);
    expect(run.spool.ledger.destination('lago')).toMatchObject({ events: 6, delivered: 2, dead: 4, lost: 3 });
    await run.spool.close();
    expect(await world.files('quarantine')).toEqual([`lago-${first}`]);
    expect(await world.imbalances()).toEqual([]);
    const [report] = world.reported('chunk_quarantined');
    expect(report).toMatchObject({ destination: 'lago', file: path('quarantine', `lago-${first}`) });
    expect((report as { error: Error }).error.message).toMatch(
      /the checksum does not fit; .*; its 3 events are lost: bytes 0 to 21 of its log are nowhere to be found$/,
    );
  });

  test('as the rules have changed, is not made of other events: their ids could be others', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    world.options = {
      mapper: {
        map(bytes, start, end, place, sink) {
          const changed = Buffer.from(`x${bytes.toString('utf8', start, end)}`);
          return mapper.map(changed, 0, changed.length, place, sink);
        },
      },
    };
    const run = await world.boot();
    await shipAll(run);
    await run.spool.close();
    expect(world.server.conflicts).toEqual([]);
    expect([...world.server.events.keys()].filter((id) => id.includes('xa'))).toEqual([]);
    expect(run.spool.ledger.destination('lago')).toMatchObject({ lost: 3 });
    const [report] = world.reported('chunk_quarantined');
    expect((report as { error: Error }).error.message).toContain('give other events now');
  });

  test('that is put back, mended, is delivered after all', async () => {
    const [first] = await sealThree({ stop: true });
    const copy = await readFile(chunkPath(first!));
    await flipByte(chunkPath(first!), -2);
    world.logs.clear();
    const run = await world.boot();
    await shipAll(run);
    await run.spool.close();
    world.fs = await world.fs.reboot();
    await rm(path('quarantine', `lago-${first}`));
    await writeFile(chunkPath(first!), copy);
    await world.finish([LOG]);
    expect(await world.outcome()).toEqual(outcomeOf([LOG]));
  });

  test('whose quarantine fails half-way is accounted for once', async () => {
    const [first] = await sealThree({ stop: true });
    await flipByte(chunkPath(first!), -2);
    world.logs.clear();
    const run = await world.boot();
    const queue = run.spool.queue('lago');
    const [chunk] = queue.take(1);
    const error = await queue.load(chunk!).catch((cause: unknown) => cause as Error);
    world.fs.fault = ({ name }) => (name === 'syncDir' ? 'fail_after' : undefined);
    await expect(world.clock.until(queue.restore(chunk!, error as Error))).rejects.toThrow('EIO');
    world.fs.fault = () => undefined;
    await world.clock.until(queue.restore(chunk!, error as Error));
    expect(run.spool.ledger.destination('lago').dead).toBe(chunk!.events);
    await run.spool.close();
    expect(await world.imbalances()).toEqual([]);
  });
});

describe('a chunk that is gone', () => {
  test('between two runs counts as dead, and is reported', async () => {
    const [first] = await sealThree({ stop: true });
    await rm(chunkPath(first!));
    const run = await world.boot();
    expect(run.spool.ledger.destination('lago')).toMatchObject({ events: 6, dead: 3 });
    expect(world.reported('events_missing')).toEqual([
      { event: 'events_missing', destination: 'lago', events: 3 },
    ]);
    expect(await shipAll(run)).toEqual([]);
    await run.spool.close();
    expect(await world.imbalances()).toEqual([]);
  });

  test('while the daemon runs comes back from the log', async () => {
    const [first] = await sealThree({ stop: true });
    const run = await world.boot();
    await rm(chunkPath(first!));
    expect(await shipAll(run)).toMatchObject([{ detail: 'somebody has deleted the file' }]);
    await run.spool.close();
    expect(await world.outcome()).toEqual(outcomeOf([LOG]));
  });

  test('while the daemon runs, and whose log is gone, too, counts as dead, and holds nothing up', async () => {
    const [first] = await sealThree({ stop: true });
    const run = await world.boot();
    await rm(chunkPath(first!));
    world.logs.clear();
    expect(await shipAll(run)).toMatchObject([{ detail: 'somebody has deleted the file' }]);
    await run.spool.close();
    expect(run.spool.ledger.destination('lago')).toMatchObject({ delivered: 2, dead: 4, lost: 3 });
    expect(await world.imbalances()).toEqual([]);
  });

  test('with the file system that it is on may come back with it', async () => {
    await sealThree({ stop: true });
    const run = await world.boot();
    const [chunk] = run.spool.queue('lago').take(1);
    await rename(path('spool'), path('away'));
    world.fs.deviceName = '2';
    const error = await run.spool
      .queue('lago')
      .load(chunk!)
      .catch((cause: unknown) => cause);
    expect((error as Error).message).toMatch(/the file system of .* is away/);
    expect(error).not.toBeInstanceOf(CorruptChunkError);
    world.fs.deviceName = '1';
    await rename(path('away'), path('spool'));
    await expect(run.spool.queue('lago').load(chunk!)).resolves.toMatchObject({ source: 'a.log' });
  });
});

describe('the folders of the state, removed while chunks wait in them,', () => {
  test('are made anew, and all that waited comes back, though nobody asks for it yet', async () => {
    const names = await sealThree({ stop: true });
    const run = await world.boot();
    await rm(world.stateDir, { recursive: true });
    // The first chunk that is asked for shows that all are gone.
    const [chunk] = run.spool.queue('lago').take(1);
    await expect(run.spool.queue('lago').load(chunk!)).rejects.toThrow('somebody has deleted the file');
    await world.clock.advance(1000);
    expect(await readdir(path('spool', 'lago'))).toEqual(names);
    expect(world.reported('chunk_restored')).toHaveLength(4);
    await run.deliver(chunk!);
    await run.shipAll();
    await run.spool.close();
    const { letters: _, ...outcome } = await world.outcome();
    const { letters: __, ...expected } = outcomeOf([LOG]);
    expect(outcome).toEqual(expected);
  });

  test('are made anew where the file system is the same, not where it is away', async () => {
    const names = await sealThree({ stop: true });
    const run = await world.boot();
    await rm(world.stateDir, { recursive: true });
    world.fs.deviceName = '2';
    await run.spool.lookAfterFolders();
    await expect(readdir(world.stateDir)).rejects.toThrow('ENOENT');
    world.fs.deviceName = '1';
    await run.spool.lookAfterFolders();
    await world.clock.advance(1000);
    expect(await readdir(path('spool', 'lago'))).toEqual(names);
  });

  test('leave chunks that the next start goes on bringing back when the daemon is killed meanwhile', async () => {
    await sealThree({ stop: true });
    const run = await world.boot();
    await rm(world.stateDir, { recursive: true });
    world.logError = new Error('EACCES: permission denied');
    await run.spool.lookAfterFolders();
    await world.clock.advance(1000);
    world.fs = await world.fs.reboot();
    expect(await readdir(path('spool', 'lago'))).toEqual([]);
    expect(await world.imbalances()).toEqual([]);
    world.logError = undefined;
    await world.finish([LOG]);
    expect(world.reported('events_missing')).toEqual([]);
    const { letters: _, ...outcome } = await world.outcome();
    const { letters: __, ...expected } = outcomeOf([LOG]);
    expect(outcome).toEqual(expected);
  });

  test('leave nothing behind of chunks that are delivered from memory meanwhile', async () => {
    const run = await world.boot();
    await run.read(LOG);
    await run.spool.flush();
    await rm(world.stateDir, { recursive: true });
    await run.spool.lookAfterFolders();
    await run.shipAll();
    await world.clock.advance(5000);
    await run.spool.close();
    expect(await world.files('spool')).toEqual([]);
    expect(await world.imbalances()).toEqual([]);
  });
});

describe('the state directory removed while the daemon runs', () => {
  test('is made anew, and everything that is read from then on is delivered', async () => {
    const run = await world.boot();
    await run.read(LOG, 4);
    await run.spool.flush();
    await rm(world.stateDir, { recursive: true });
    await run.read(LOG, 4);
    await world.clock.until(run.spool.flush());
    expect(run.spool.gate.isOpen).toBe(true);
    await shipAll(run);
    await world.clock.advance(5000);
    await run.spool.close();
    expect([...world.server.events.keys()]).toEqual(expect.arrayContaining(['lago a7/0', 'lago a8/0']));
    expect(await world.imbalances()).toEqual([]);
  });
});

const newer = async (name: string): Promise<void> => {
  const later = await readFile(new URL('../../fixtures/chunks/of-a-later-version.ndjson', import.meta.url));
  await writeFile(chunkPath(name), later);
};

describe('a chunk of a later version', () => {
  test('stays where it is, unsettled, and holds nothing up', async () => {
    const [first] = await sealThree({ stop: true });
    await newer(first!);
    const run = await world.boot();
    expect(await shipAll(run)).toMatchObject([expect.any(NewerChunkError)]);
    expect(world.reported('chunk_too_new')).toMatchObject([{ file: chunkPath(first!) }]);
    await run.spool.close();
    expect(await world.files('spool')).toEqual([first]);
    expect(await world.imbalances()).toEqual([]);
    const { ledger } = run.spool;
    expect(ledger.destination('lago')).toMatchObject({ events: 6, delivered: 2, dead: 1 });
  });

  test('that the checkpoint does not know stays, too, and its lines are read again', async () => {
    const [, , third] = await sealThree({ stop: false });
    await newer(third!);
    const run = await world.boot();
    await run.read(LOG);
    await run.spool.flush();
    await run.shipAll();
    await run.spool.close();
    expect(await world.outcome()).toEqual({ ...outcomeOf([LOG]), spool: [third] });
    expect(world.reported('chunk_too_new')).toHaveLength(1);
  });
});

const EVENTFUL = logOf('a.log', ['b1 01', 'b2 d', 'b3 -', 'b4 r0', 'b5 1', 'b6 0d', 'b7 d', 'b8 r']);

async function seal(): Promise<void> {
  const run = await world.boot();
  for (const count of [1, 2, 1, 1, 1, 1]) {
    await run.read(EVENTFUL, count);
    await run.spool.flush();
    await run.ship('lago', 1);
    await world.clock.sleep(count * 300);
  }
  await run.ship('other lago');
  await world.clock.sleep(400);
  await run.read(EVENTFUL);
  await run.spool.close();
}

/** Kills the daemon after each of its calls, and damages the newest checkpoint where there is one before it. */
async function* damagedCheckpoints(): AsyncGenerator<number> {
  for (let stop = 0, reached = true; reached; stop++) {
    world.fs.fault = (call) => (call.index === stop ? 'stop_after' : undefined);
    await Promise.race([world.clock.until(seal()), world.fs.died]);
    reached = world.fs.changes > stop;
    world.fs = await world.fs.reboot();
    const checkpoints = (await readdir(world.stateDir)).filter((name) => /^checkpoint.*json$/.test(name));
    if (checkpoints.length === 2) {
      await flipByte(path('checkpoint.json'), 60);
      yield stop;
    }
    await world.remove();
    world = await World.create();
  }
}

describe('the checkpoint', () => {
  test('damaged in any state that a crash leaves, the one before it loses and doubles nothing', async () => {
    const { quarantine: _, ...expected } = outcomeOf([EVENTFUL]);
    let states = 0;
    for await (const stop of damagedCheckpoints()) {
      await world.finish([EVENTFUL]);
      const { quarantine, ...outcome } = await world.outcome();
      expect({ stop, outcome }).toEqual({ stop, outcome: expected });
      expect(quarantine).toContain('checkpoint.json');
      expect(world.reported('checkpoint_damaged')).toHaveLength(1);
      expect(world.reported('events_missing')).toEqual([]);
      states++;
    }
    expect(states).toBeGreaterThan(40);
  }, 300_000);

  test.each([
    ['cut off', (file: string) => truncate(file, 200)],
    ['empty', (file: string) => truncate(file, 0)],
    ['zeros', (file: string) => writeFile(file, Buffer.alloc(3000))],
    ['flipped', (file: string) => flipByte(file, 100)],
    ['followed by garbage', (file: string) => appendFile(file, 'garbage\n')],
  ])('is put aside when it is damaged, with the one before it: %s', async (_, damage) => {
    await sealThree({ stop: true });
    for (const name of ['checkpoint.json', 'checkpoint.previous.json']) await damage(path(name));
    await world.finish([LOG]);
    expect(world.reported('checkpoint_damaged')).toHaveLength(2);
    // All of it was still in the chunks: the counts of events are exact, those of lines without an event are lost.
    const { events, conflicts, letters, destinations } = await world.outcome();
    expect({ events, conflicts, letters, destinations }).toEqual(
      (({ events, conflicts, letters, destinations }) => ({ events, conflicts, letters, destinations }))(
        outcomeOf([LOG]),
      ),
    );
  });

  test('that cannot be read is put aside as well', async () => {
    await sealThree({ stop: true });
    world.fs.fault = ({ name, path }) =>
      name === 'read' && path.endsWith('checkpoint.json') ? 'fail' : undefined;
    await world.finish([LOG]);
    expect(await world.outcome()).toEqual(withQuarantine(expect.arrayContaining(['checkpoint.json'])));
  });

  test('of a later version keeps the daemon from starting, and is not touched', async () => {
    await sealThree({ stop: true });
    const file = path('checkpoint.json');
    const { crc32 } = await import('node:zlib');
    const data = '{"shape":"unknown"}';
    await writeFile(file, `{"tailmeter_checkpoint":2,"crc32":${crc32(data)},"data":${data}}\n`);
    const before = await readFile(file);
    await expect(world.boot()).rejects.toThrow(StateDirError);
    await expect(world.boot()).rejects.toThrow('has format 2, and this version of tailmeter knows 1');
    expect(await readFile(file)).toEqual(before);
  });
});

describe('things in the state directory that are not ours', () => {
  test('are left alone', async () => {
    const run = await world.boot();
    await run.spool.close();
    world.fs = await world.fs.reboot();
    await writeFile(path('spool', 'README'), 'a file among the folders');
    await writeFile(chunkPath('notes.txt'), 'a note');
    await writeFile(path('dead', 'todo'), 'a note');
    await world.finish([LOG]);
    expect(await world.outcome()).toEqual({ ...outcomeOf([LOG]), spool: ['README', 'notes.txt'] });
  });
});
