import { expect, it, vi } from 'vitest';
import { ManualClock } from './support/clocks.ts';
import { events } from './support/memory-queue.ts';
import { destination, lagoServer, rig } from './support/setup.ts';

const SETTLED = { delivered: 0, duplicates: 0, dead: 0 };

it('tells by event what is settled in a chunk that cannot be delivered as a whole', async () => {
  const server = await lagoServer();
  // One batch of ten does not get through.
  server.behave = ({ events: sent }) =>
    sent.some(({ transaction_id: id }) => id === 't950') ? { status: 503 } : 'lago';
  const setup = rig(destination([server.address], { concurrency: 1 }), new ManualClock());
  setup.queue.seal(events(1000));
  setup.shipper.start();
  await vi.waitFor(() => expect(setup.shipper.status().settling).toEqual({ ...SETTLED, delivered: 900 }));
  expect(setup.queue.settlements.size).toBe(0);
});

it('tells each event once, in the open chunk or in the settled one', async () => {
  const server = await lagoServer();
  const setup = rig(destination([server.address], { concurrency: 2 }));
  for (let chunk = 0; chunk < 5; chunk++) setup.queue.seal(events(250, `c${chunk}-`));
  const { shipper, queue } = setup;
  let last = 0;
  server.behave = () => {
    const settled = [...queue.settlements.values()].reduce((sum, { delivered }) => sum + delivered, 0);
    const now = settled + shipper.status().settling.delivered;
    // Never less than before, and never one twice.
    expect(now).toBeGreaterThanOrEqual(last);
    expect(now).toBeLessThanOrEqual(server.stored.size);
    last = now;
    return 'lago';
  };
  shipper.start();
  await shipper.idle();
  expect(last).toBeGreaterThan(0);
  expect(shipper.status().settling).toEqual(SETTLED);
});

it('keeps telling what was settled when it was stopped within a chunk', async () => {
  const server = await lagoServer();
  server.behave = (_request, index) => (index < 3 ? 'lago' : 'hang');
  const setup = rig(destination([server.address], { concurrency: 1 }));
  setup.queue.seal(events(500));
  setup.shipper.start();
  await server.received(4);
  await setup.shipper.stop(0);
  expect(setup.shipper.status().settling).toEqual({ ...SETTLED, delivered: 300 });
  expect(setup.queue.settlements.size).toBe(0);
});
