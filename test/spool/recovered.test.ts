import { afterEach, beforeEach, expect, test } from 'vitest';
import { logOf, World } from './support/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.remove());

const A = logOf('a.log', ['a1 0', 'a2 01']);

test('a start says what waits, and which ranges were durable though no checkpoint said so', async () => {
  const first = await world.boot();
  await first.read(A);
  await first.spool.flush();
  expect(world.reported('recovered')).toEqual([]);
  world.fs = await world.fs.reboot();

  const second = await world.boot();
  const chunks = (await world.files('spool')).length;
  expect(world.reported('recovered')).toEqual([{ event: 'recovered', pendingEvents: 3, chunks, ranges: 1 }]);
  await second.spool.close();

  await world.boot();
  expect(world.reported('recovered').at(-1)).toEqual({
    event: 'recovered',
    pendingEvents: 3,
    chunks,
    ranges: 0,
  });
});

test('a start that finds nothing of that kind says nothing', async () => {
  const first = await world.boot();
  await first.read(A);
  await first.spool.flush();
  await first.shipAll();
  await first.spool.close();
  await (await world.boot()).spool.close();
  expect(world.reported('recovered')).toEqual([]);
});
