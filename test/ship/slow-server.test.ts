import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { SkippingClock } from './support/clocks.ts';
import type { Behaviour } from './support/lago-server.ts';
import { events } from './support/memory-queue.ts';
import { destination, lagoServer, rig, ship } from './support/setup.ts';

const singles = { batch_max_size: 1 };

/** Takes its time, which is more than `timeout`. */
const slow = async (): Promise<Behaviour> => {
  await delay(200);
  return 'lago';
};

describe('a server that answers late', () => {
  it('is waited for, and nothing is sent twice', async () => {
    const server = await lagoServer();
    server.behave = slow;
    const setup = rig(destination([server.address], { ...singles, timeout: 20 }));
    setup.queue.seal(events(12));
    await ship(setup);
    expect(server.requests).toHaveLength(12);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 12, duplicates: 0, dead: 0 });
    expect(setup.reports).toEqual([]);
  });

  it('and later than is waited for, has one request given up; the others are waited for longer', async () => {
    const server = await lagoServer();
    const { promise: answers, resolve: answer } = Promise.withResolvers<Behaviour>();
    server.behave = () => answers;
    const setup = rig(
      destination([server.address], { ...singles, concurrency: 8, timeout: 20, answer_timeout: 300 }),
    );
    setup.queue.seal(events(8));
    setup.shipper.start();
    await vi.waitFor(() => expect(setup.reported('batch_failed')).not.toHaveLength(0));
    answer('lago');
    await setup.shipper.idle();
    expect(setup.reported('batch_failed')).toMatchObject([{ message: 'timeout: no answer within 0.3 s' }]);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 7, duplicates: 1, dead: 0 });
    expect(setup.shipper.status().endpoints).toMatchObject([{ limit: 8, breaker: 'closed' }]);
  });

  it('is waited for when all of the others are as slow', async () => {
    const [one, other] = [await lagoServer(), await lagoServer()];
    one.behave = slow;
    other.behave = slow;
    const setup = rig(destination([one.address, other.address], { ...singles, timeout: 20 }));
    setup.queue.seal(events(24));
    await ship(setup);
    // Until it is known of both.
    expect(one.requests.length + other.requests.length).toBeLessThan(24 + 4);
    const { dead, ...settled } = setup.queue.settlements.get(1)!;
    expect({ all: settled.delivered + settled.duplicates, dead }).toEqual({ all: 24, dead: 0 });
  });
});

describe('connections that are dead without a word', () => {
  it('are found out by one request on a new one', async () => {
    const server = await lagoServer();
    server.behave = (_request, index) => (index < 8 ? 'hang' : 'lago');
    const setup = rig(
      destination([server.address], { ...singles, concurrency: 8, timeout: 20, answer_timeout: 300 }),
    );
    setup.queue.seal(events(50));
    const began = performance.now();
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 50, duplicates: 0, dead: 0 });
    // Without it the last ones are waited for four times as long.
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('a server that does not answer', () => {
  it('loses its batch to one that works, after the short timeout', async () => {
    const [hole, good] = [await lagoServer(), await lagoServer()];
    hole.behave = () => 'hang';
    const setup = rig(destination([hole.address, good.address], { ...singles, timeout: 50 }));
    setup.queue.seal(events(40));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 40, duplicates: 0, dead: 0 });
    expect(good.stored.size).toBe(40);
  });

  it('leaves the batches of one that works as large as they are', async () => {
    const [hole, good] = [await lagoServer(), await lagoServer()];
    hole.behave = () => 'hang';
    const setup = rig(destination([hole.address, good.address], { batch_max_size: 10, timeout: 50 }));
    setup.queue.seal(events(200));
    await ship(setup);
    for (const { events: sent } of good.requests) expect(sent).toHaveLength(10);
  });

  it('gets no more while others answer, and does not take their place among the requests in flight', async () => {
    const [hole, good] = [await lagoServer(), await lagoServer()];
    hole.behave = () => 'hang';
    const setup = rig(destination([hole.address, good.address], { ...singles, timeout: 60_000 }));
    setup.queue.seal(events(4));
    setup.shipper.start();
    await hole.received(2);
    // Silent for longer than that.
    await delay(1100);
    const { promise: held, resolve: release } = Promise.withResolvers<Behaviour>();
    setup.queue.seal(events(1, 'u'));
    setup.shipper.wake();
    await good.received(3);
    good.behave = () => held;
    setup.queue.seal(events(20, 'v'));
    setup.shipper.wake();
    await good.received(3 + 4);
    expect(setup.shipper.status().inFlight).toBe(hole.requests.length + 4);
    expect(hole.requests).toHaveLength(2);
    release('lago');
  });
});

describe('a server that takes only so many requests a second', () => {
  it('is not asked for more, as far as it announces how many', async () => {
    const server = await lagoServer();
    const clock = new SkippingClock();
    let second = 0;
    let used = 0;
    server.behave = ({ events: sent }) => {
      const now = Math.floor(clock.now() / 1000);
      used = now === second ? used + 1 : 1;
      second = now;
      const headers = { 'x-ratelimit-remaining': `${Math.max(0, 10 - used)}`, 'x-ratelimit-reset': '1' };
      return used > 10 ? { status: 429, headers } : { ...server.store(sent), headers };
    };
    const setup = rig(destination([server.address], { ...singles, concurrency: 2 }), clock);
    setup.queue.seal(events(200));
    await ship(setup);
    expect(setup.reported('batch_failed')).toEqual([]);
    expect(server.requests).toHaveLength(200);
    expect(setup.shipper.status().endpoints[0]!.requestsPerSecond).toBeLessThanOrEqual(10);
  });
});
