import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askOwner, ownStateDir } from '../../src/control/owner.ts';
import { StateDirError, StateDirLockedError } from '../../src/errors.ts';
import { claimAtOnce } from '../support/claim-rounds.ts';
import { FakeClock } from '../support/fake-clock.ts';

const OWNER_MODULE = fileURLToPath(new URL('../../src/control/owner.ts', import.meta.url));
/** More than from one look of an owner to the next. */
const LOOK_MS = 3000;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-owner-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('the owner answers with its status, and nobody answers after it has gone', async () => {
  expect(await askOwner(root)).toBeUndefined();
  const owner = await ownStateDir(root, () => ({ pid: 1 }));
  expect(await askOwner(root)).toEqual({ pid: 1 });
  await owner.release();
  expect(await askOwner(root)).toBeUndefined();
});

describe('a state directory that is deleted while it is owned', () => {
  test.each([
    ['the directory', ''],
    ['the socket', 'daemon.sock'],
  ])('is claimed anew, and a second owner is refused again: %s', async (_, name) => {
    const clock = new FakeClock();
    let renewed = 0;
    const owner = await ownStateDir(root, () => ({ mine: true }), { clock, renewed: () => renewed++ });
    await clock.advance(LOOK_MS);
    expect(renewed).toBe(0);
    for (let times = 1; times <= 2; times++) {
      await rm(join(root, name), { recursive: true });
      expect(await askOwner(root)).toBeUndefined();
      await clock.advance(LOOK_MS);
      await vi.waitFor(() => expect(renewed).toBe(times));
      expect(await askOwner(root)).toEqual({ mine: true });
      const refusal = await ownStateDir(root, () => ({})).catch((error: unknown) => error);
      expect((refusal as Error).message).toContain(`pid ${process.pid}`);
    }
    await owner.release();
    expect(await readdir(root)).toEqual([]);
    await (await ownStateDir(root, () => ({}))).release();
  });

  test('and that another process has taken meanwhile is left to that one', async () => {
    const clock = new FakeClock();
    const taken = Promise.withResolvers<Error>();
    const owner = await ownStateDir(root, () => ({ first: true }), { clock, taken: taken.resolve });
    await rm(root, { recursive: true });
    const second = await ownStateDir(root, () => ({ second: true }));
    await clock.advance(LOOK_MS);
    expect(await taken.promise).toBeInstanceOf(StateDirLockedError);
    await owner.release();
    expect(await askOwner(root)).toEqual({ second: true });
    await second.release();
  });
});

test('a second owner is refused and told who the first is', async () => {
  const owner = await ownStateDir(root, () => ({}));
  const refusal = await ownStateDir(root, () => ({})).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StateDirLockedError);
  expect((refusal as Error).message).toContain(`pid ${process.pid}`);
  await owner.release();
  await (await ownStateDir(root, () => ({}))).release();
});

test('the directory of an owner that was killed is taken over, by exactly one of many that try at once', async () => {
  const script = `
    const { ownStateDir } = await import(${JSON.stringify(OWNER_MODULE)});
    await ownStateDir(${JSON.stringify(root)}, () => ({}));
    process.stdout.write('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');

  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => ownStateDir(root, () => ({}))));
  const owners = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(owners).toHaveLength(1);
  await owners[0]?.release();
});

test.each([-60, -9.5, 86_400])(
  'a takeover that a crash cut off %d s from now blocks nobody for long',
  async (seconds) => {
    const script = `
    const { ownStateDir } = await import(${JSON.stringify(OWNER_MODULE)});
    await ownStateDir(${JSON.stringify(root)}, () => ({}));
    process.kill(process.pid, 'SIGKILL');`;
    await once(spawn(process.execPath, ['--input-type=module', '-e', script]), 'close');
    const marker = join(root, 'daemon.takeover');
    await writeFile(marker, '');
    const time = Date.now() / 1000 + seconds;
    await utimes(marker, time, time);
    const owner = await ownStateDir(root, () => ({ mine: true }));
    expect(await askOwner(root)).toEqual({ mine: true });
    await owner.release();
  },
);

test('of many processes that start at once on what a crash has left, exactly one has the directory, round after round', async () => {
  expect(await claimAtOnce({ rounds: 10, starts: 20 })).toEqual([]);
}, 180_000);

test('an owner of an earlier version, which listens on the known name itself, keeps the directory', async () => {
  const earlier = createServer((connection) => connection.end('{}\n')).listen(join(root, 'daemon.sock'));
  await once(earlier, 'listening');
  await expect(ownStateDir(root, () => ({}))).rejects.toBeInstanceOf(StateDirLockedError);
  const closed = once(earlier, 'close');
  earlier.close();
  await closed;
  await (await ownStateDir(root, () => ({}))).release();
});

test('an owner whose known name was taken by an earlier version leaves it the directory', async () => {
  const clock = new FakeClock();
  const taken = Promise.withResolvers<Error>();
  const owner = await ownStateDir(root, () => ({}), { clock, taken: taken.resolve });
  await rm(join(root, 'daemon.sock'));
  const earlier = createServer((connection) => connection.end('{}\n')).listen(join(root, 'daemon.sock'));
  await once(earlier, 'listening');
  await clock.advance(LOOK_MS);
  expect(await taken.promise).toBeInstanceOf(StateDirLockedError);
  await owner.release();
  expect(await askOwner(root)).toEqual({});
  earlier.close();
});

test('a start waits for another one that does not answer, and goes on when that one has died', async () => {
  const name = join(root, 'daemon-0123456789ab-0.sock');
  const halted = createServer((connection) => {
    // It dies while it is asked; the file stays.
    connection.destroy();
    halted.close();
  }).listen(join(root, 'bound'));
  await once(halted, 'listening');
  await rename(join(root, 'bound'), name);
  const owner = await ownStateDir(root, () => ({ mine: true }));
  expect(halted.listening).toBe(false);
  expect(await askOwner(root)).toEqual({ mine: true });
  expect(await readdir(root)).not.toContain('daemon-0123456789ab-0.sock');
  await owner.release();
});

test('a directory that is deleted while its name is claimed is made anew', async () => {
  let steps = 0;
  const before = async (step: string): Promise<void> => {
    if (step === 'list' && steps++ === 0) await rm(root, { recursive: true });
  };
  const owner = await ownStateDir(root, () => ({ mine: true }), { before });
  expect(steps).toBeGreaterThan(1);
  expect(await askOwner(root)).toEqual({ mine: true });
  await owner.release();
});

test('whoever does not hang up keeps no owner from giving the directory up', async () => {
  const owner = await ownStateDir(root, () => ({}));
  const connection = createConnection({ path: join(root, 'daemon.sock'), allowHalfOpen: true });
  await once(connection, 'data');
  await expect(owner.release()).resolves.toBeUndefined();
  connection.destroy();
});

test('an owner that is halted keeps the directory, however many have asked it meanwhile', async () => {
  const script = `
    const { ownStateDir } = await import(${JSON.stringify(OWNER_MODULE)});
    await ownStateDir(${JSON.stringify(root)}, () => ({}));
    process.stdout.write('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  for (let full = false; !full;) {
    const connection = createConnection({ path: join(root, 'daemon.sock') });
    full = await once(connection, 'connect').then(
      () => false,
      () => true,
    );
    connection.destroy();
  }
  await expect(ownStateDir(root, () => ({}))).rejects.toBeInstanceOf(StateDirLockedError);
  child.kill('SIGKILL');
  await once(child, 'close');
});

test('a path too long for a socket address works all the same', async () => {
  const deep = join(root, 'a'.repeat(60), 'b'.repeat(60));
  const owner = await ownStateDir(deep, () => ({ deep: true }));
  expect(await askOwner(deep)).toEqual({ deep: true });
  await expect(ownStateDir(deep, () => ({}))).rejects.toBeInstanceOf(StateDirLockedError);
  await owner.release();
});

test('a directory that cannot be made is a clear error', async () => {
  const refusal = await ownStateDir('/dev/null/state', () => ({})).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StateDirError);
  expect((refusal as Error).message).toContain('/dev/null/state');
});
