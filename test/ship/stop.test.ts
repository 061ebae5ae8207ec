import { describe, expect, it } from 'vitest';
import { ManualClock } from './support/clocks.ts';
import type { Behaviour } from './support/lago-server.ts';
import { unprocessable } from './support/lago-server.ts';
import { events } from './support/memory-queue.ts';
import { destination, lagoServer, rig } from './support/setup.ts';

describe('stopping', () => {
  it('lets requests in flight end, settles what that completes, and sends nothing more', async () => {
    const server = await lagoServer();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    server.behave = async (): Promise<Behaviour> => {
      await gate;
      return 'lago';
    };
    const setup = rig(destination([server.address], { concurrency: 2 }), new ManualClock());
    setup.queue.seal(events(150, 'a'));
    setup.queue.seal(events(500, 'b'));
    setup.shipper.start();
    await server.received(2);
    const stopped = setup.shipper.stop(10_000);
    open();
    await stopped;
    expect(server.requests).toHaveLength(2);
    expect(setup.queue.settlements).toEqual(new Map([[1, { delivered: 150, duplicates: 0, dead: 0 }]]));
    expect(setup.reports).toEqual([]);
  });

  it('aborts requests that do not end in time, and leaves their events unsettled', async () => {
    const server = await lagoServer();
    server.behave = () => 'hang';
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(10));
    setup.shipper.start();
    await server.received(1);
    const stopped = setup.shipper.stop(10_000);
    expect(await clock.asleep(1)).toEqual([10_000]);
    clock.advance(10_000);
    await stopped;
    expect(setup.queue.settlements.size).toBe(0);
    expect(setup.shipper.status().inFlight).toBe(0);
    expect(setup.reports).toEqual([]);
    await setup.shipper.idle();
  });

  it('waits for dead letters that are being written, too', async () => {
    const server = await lagoServer();
    server.behave = () => unprocessable({ '0': { code: ['value_is_mandatory'] } });
    const setup = rig(destination([server.address]), new ManualClock());
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const { promise: burying, resolve: bury } = Promise.withResolvers<void>();
    setup.queue.bury = async () => {
      bury();
      await written;
    };
    setup.queue.seal(events(1));
    setup.shipper.start();
    await burying;
    const stopped = setup.shipper.stop(10_000);
    write();
    await stopped;
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 0, duplicates: 0, dead: 1 });
  });

  it('ends the waits for an unreadable chunk, for a retry and for a breaker', async () => {
    const server = await lagoServer();
    server.behave = () => ({ status: 503 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address], { concurrency: 1 }), clock);
    setup.queue.loadErrors.push(new Error('EACCES: permission denied'));
    setup.queue.seal(events(1, 'a'));
    setup.queue.seal(events(1, 'b'));
    setup.shipper.start();
    await clock.asleep(3);
    await setup.shipper.stop(0);
    expect(clock.sleeping).toEqual([]);
    expect(setup.queue.settlements.size).toBe(0);
  });

  it('ends the wait for a destination that is held', async () => {
    const server = await lagoServer();
    server.behave = () => ({ status: 401 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(1));
    setup.shipper.start();
    await clock.asleep(1);
    await setup.shipper.stop(0);
    expect(clock.sleeping).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('can be stopped before it was started', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal(events(1));
    await setup.shipper.stop(1000);
    setup.shipper.wake();
    await setup.shipper.idle();
    expect(setup.queue.taken).toEqual([]);
  });
});
