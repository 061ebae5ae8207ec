/** Refusals that name no event: who is to blame. */
import { describe, expect, it } from 'vitest';
import type { Behaviour } from './support/lago-server.ts';
import { ManualClock, SkippingClock } from './support/clocks.ts';
import { event, events } from './support/memory-queue.ts';
import { destination, lagoServer, rig, ship } from './support/setup.ts';

const REFUSALS: Behaviour[] = [{ status: 400 }, { status: 422, body: '{}' }, { status: 413 }];

describe.each(REFUSALS)('%j', (refusal) => {
  it('to everything holds the endpoint after a few requests, and is asked again with a single event', async () => {
    const server = await lagoServer();
    server.behave = () => refusal;
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    for (let chunk = 0; chunk < 20; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
    setup.shipper.start();
    while (setup.shipper.status().held === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(setup.reported('destination_held')).toMatchObject([
      { remedy: expect.stringContaining('Every event is refused with this same answer') as string },
    ]);
    expect(setup.queue.letters.size).toBe(0);
    expect(server.requests.length).toBeLessThan(100);
    while (setup.shipper.status().inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    const asked = server.requests.length;
    clock.advance(1000);
    await server.received(asked + 1);
    expect(server.requests.at(-1)?.events).toHaveLength(1);
    server.behave = () => 'lago';
    while (server.stored.size < 20_000) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await setup.shipper.idle();
    expect(setup.queue.letters.size).toBe(0);
  });

  it('to one event makes a dead letter only when others are taken', async () => {
    const server = await lagoServer();
    server.behave = ({ body }) => (body.includes('"bad"') ? refusal : 'lago');
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal([event('bad')]);
    setup.shipper.start();
    await clock.asleep(1);
    expect(setup.queue.letters.size).toBe(0);
    setup.queue.seal(events(3));
    setup.shipper.wake();
    await setup.shipper.idle();
    expect(server.stored.size).toBe(3);
    expect(setup.queue.letters.size).toBe(1);
    expect(server.requests.filter(({ body }) => body.includes('"bad"'))).toHaveLength(2);
  });

  it('at random, as from one of several servers behind an address, makes hardly any dead letter', async () => {
    const server = await lagoServer();
    let number = 1;
    // The same numbers each time.
    const random = (): number => (number = (number * 48_271) % 2_147_483_647) / 2_147_483_647;
    server.behave = () => (random() < 0.5 ? refusal : 'lago');
    const setup = rig(destination([server.address]), new SkippingClock(), random);
    for (let chunk = 0; chunk < 10; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
    await ship(setup);
    expect(setup.queue.letters.size).toBeLessThan(10);
    expect(server.stored.size).toBeGreaterThan(9990);
  });
});

describe('two endpoints', () => {
  it('a slow one does not keep the other one waiting', async () => {
    const [slow, quick] = [await lagoServer(), await lagoServer()];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    slow.behave = async (): Promise<Behaviour> => {
      await released;
      return 'lago';
    };
    const setup = rig(destination([slow.address, quick.address], { concurrency: 4, timeout: 30_000 }));
    for (let chunk = 0; chunk < 20; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
    setup.shipper.start();
    // All but what the slow one has got.
    await quick.received(190);
    expect(slow.requests).toHaveLength(2);
    release();
    await setup.shipper.idle();
    expect(slow.stored.size + quick.stored.size).toBe(20_000);
  });

  it('may be chosen at random, as the plugin does', async () => {
    const servers = [await lagoServer(), await lagoServer()];
    const addresses = servers.map(({ address }) => address);
    const setup = rig(destination(addresses, { balance: 'random' }), new ManualClock(), () => 0.9);
    setup.queue.seal(events(1000));
    await ship(setup);
    expect(servers.map(({ requests }) => requests.length)).toEqual([0, 10]);
  });
});
