import { describe, expect, it } from 'vitest';
import { SizeLimit } from '../../src/ship/size-limit.ts';
import { events } from './support/memory-queue.ts';
import { destination, lagoServer, rig, ship } from './support/setup.ts';

const passes = (limit: SizeLimit, times: number): void => {
  for (let i = 0; i < times; i++) limit.passed(limit.current);
};

describe('a limit of sizes', () => {
  it('comes back after refusals that were a mistake', () => {
    const limit = new SizeLimit(100);
    for (let i = 0; i < 200; i++) limit.lower(limit.current >>> 1);
    expect(limit.current).toBe(1);
    passes(limit, 7 * 64);
    expect(limit).toMatchObject({ current: 100, isLowered: false });
  });

  it('that stays costs ever fewer refused requests', () => {
    const limit = new SizeLimit(100);
    let refused = 0;
    for (let i = 0; i < 10_000; i++) {
      if (limit.current <= 30) limit.passed(limit.current);
      else {
        refused++;
        limit.lower(limit.current >>> 1);
      }
    }
    expect(limit.current).toBeLessThanOrEqual(30);
    expect(refused).toBeLessThan(12);
  });

  it('is not raised by requests that are far below it', () => {
    const limit = new SizeLimit(100);
    limit.lower(50);
    for (let i = 0; i < 1000; i++) limit.passed(10);
    expect(limit.current).toBe(50);
  });
});

it('batches are whole again some time after 200 refusals for size that were a mistake', async () => {
  const server = await lagoServer();
  let refused = 0;
  server.behave = ({ events: sent }) => (sent.length > 1 && refused++ < 200 ? { status: 413 } : 'lago');
  const setup = rig(destination([server.address]));
  for (let chunk = 0; chunk < 40; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
  await ship(setup);
  expect(server.stored.size).toBe(40_000);
  expect(server.requests.slice(-50).every(({ events: sent }) => sent.length >= 50)).toBe(true);
});

it('what is cut off when it is large goes in smaller batches, that what is larger may try later', async () => {
  const server = await lagoServer();
  server.behave = ({ body }) => (body.length > 2000 ? 'reset' : 'lago');
  const setup = rig(destination([server.address]));
  setup.queue.seal(events(2000));
  await ship(setup);
  expect(server.stored.size).toBe(2000);
  expect(server.requests.filter(({ body }) => body.length > 2000).length).toBeLessThan(60);
});
