import { describe, expect, it } from 'vitest';
import { ChunkDispatcher, type DeliveryPlace } from '../../src/ship/dispatcher.ts';
import { MemoryQueue, events } from './support/memory-queue.ts';

function setup(chunks: number, concurrent: number) {
  const queue = new MemoryQueue();
  for (let chunk = 0; chunk < chunks; chunk++) queue.seal(events(1));
  const running = new Map<number, DeliveryPlace>();
  const state = { ready: true, asked: 0 };
  const dispatcher = new ChunkDispatcher({
    queue,
    concurrent,
    ready: () => {
      state.asked++;
      return state.ready;
    },
    deliver: (chunk, place) => void running.set(chunk.sequence, place),
  });
  const finish = (sequence: number): void => {
    const place = running.get(sequence)!;
    running.delete(sequence);
    place.settled();
  };
  return { queue, running, state, dispatcher, finish };
}

/** better-queue passes each task through a few timers of 0 ms. */
async function settle(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('dispatcher', () => {
  it('runs as many chunks as it may, the oldest first, and the next when one is settled', async () => {
    const { running, dispatcher, finish } = setup(100, 4);
    dispatcher.start();
    await settle(() => running.size >= 4);
    expect([...running.keys()].slice(0, 4)).toEqual([1, 2, 3, 4]);
    finish(2);
    await settle(() => running.has(5));
    // One place more than asked for is better-queue's own slack.
    expect(running.size).toBeLessThanOrEqual(5);
  });

  it('takes a window of the backlog, however long that is', async () => {
    const { queue, running, dispatcher, finish } = setup(10_000, 4);
    dispatcher.start();
    for (let sequence = 1; sequence <= 200; sequence++) {
      await settle(() => running.has(sequence));
      finish(sequence);
    }
    const taken = queue.taken.reduce((sum, count) => sum + count);
    expect(taken).toBe(200 + 32);
  });

  it('starts nothing while the precondition fails, and at once when it holds again', async () => {
    const { running, state, dispatcher } = setup(10, 4);
    state.ready = false;
    dispatcher.start();
    await settle(() => state.asked > 0);
    dispatcher.recheck();
    expect(running.size).toBe(0);
    state.ready = true;
    dispatcher.recheck();
    // No timer in between: better-queue itself would have waited for a second.
    expect(running.size).toBeGreaterThanOrEqual(4);
  });

  it('fills up again after the precondition failed in the middle of work', async () => {
    const { running, state, dispatcher, finish } = setup(20, 3);
    dispatcher.start();
    await settle(() => running.size >= 3);
    state.ready = false;
    for (const sequence of Array.from(running.keys())) finish(sequence);
    const asked = state.asked;
    await settle(() => state.asked > asked);
    state.ready = true;
    dispatcher.recheck();
    await settle(() => running.size >= 3);
    expect(running.size).toBeGreaterThanOrEqual(3);
  });

  it('is idle when the queue gave no chunk and all that were taken are settled', async () => {
    const { running, dispatcher, finish } = setup(2, 4);
    dispatcher.start();
    let idle = false;
    const wait = dispatcher.idle().then(() => (idle = true));
    await settle(() => running.size === 2);
    finish(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(idle).toBe(false);
    finish(2);
    await wait;
    await dispatcher.idle();
  });

  it('gives the place of a chunk that leaves it to another, and delivers it again when it is back', async () => {
    const { running, dispatcher, finish } = setup(100, 4);
    const back = Promise.withResolvers<boolean>();
    dispatcher.start();
    // All that were there first, and more than there is room for in the window.
    for (let sequence = 1; sequence <= 40; sequence++) {
      await settle(() => running.has(sequence));
      running.get(sequence)?.leave(back.promise);
      running.delete(sequence);
    }
    await settle(() => running.has(44));
    for (let sequence = 41; sequence <= 100; sequence++) {
      await settle(() => running.has(sequence));
      finish(sequence);
    }
    let idle = false;
    const wait = dispatcher.idle().then(() => (idle = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(idle).toBe(false);
    back.resolve(true);
    for (let sequence = 1; sequence <= 40; sequence++) {
      await settle(() => running.has(sequence));
      finish(sequence);
    }
    await wait;
  });

  it('counts a chunk as settled that will not come back', async () => {
    const { running, dispatcher } = setup(1, 4);
    dispatcher.start();
    await settle(() => running.has(1));
    running.get(1)?.leave(Promise.resolve(false));
    await expect(dispatcher.idle()).resolves.toBeUndefined();
  });

  it('lets no more than a thousand leave, so that memory does not grow with the backlog', async () => {
    const { queue, running, dispatcher } = setup(3000, 4);
    const back = Promise.withResolvers<boolean>();
    dispatcher.start();
    const leave = (sequence: number): void => {
      running.get(sequence)?.leave(back.promise);
      running.delete(sequence);
    };
    for (let sequence = 1; sequence <= 1004; sequence++) {
      await settle(() => running.has(sequence));
      leave(sequence);
    }
    const taken = (): number => queue.taken.reduce((sum, count) => sum + count);
    expect(taken()).toBe(1000 + 32);
    back.resolve(false);
    await settle(() => running.has(1009));
    expect(taken()).toBeGreaterThan(1032);
  });

  it('starts no chunk once stopped, and whoever waits is let go', async () => {
    const { running, dispatcher, finish } = setup(20, 2);
    dispatcher.start();
    await settle(() => running.size >= 2);
    const wait = dispatcher.idle();
    dispatcher.stop();
    await wait;
    const before = [...running.keys()];
    finish(before[0]!);
    dispatcher.refill();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([...running.keys()]).toEqual(before.slice(1));
  });
});
