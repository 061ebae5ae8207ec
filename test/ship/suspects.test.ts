/** One bad event: it is found, and others neither wait nor die for it. Requests and events are counted; no time is taken. */
import { describe, expect, it } from 'vitest';
import type { TelemetryEvent } from '../../src/observe/events.ts';
import type { Batch } from '../../src/ship/batch.ts';
import { ChunkDelivery } from '../../src/ship/chunk-delivery.ts';
import { Diagnostics } from '../../src/ship/diagnostics.ts';
import type { Endpoint } from '../../src/ship/endpoint.ts';
import { Suspects } from '../../src/ship/suspects.ts';
import { BatchIds } from '../../src/ship/transaction-ids.ts';
import { ManualClock, SkippingClock } from './support/clocks.ts';
import type { Behave, Behaviour, LagoServer, Received } from './support/lago-server.ts';
import { MemoryQueue, event, events } from './support/memory-queue.ts';
import { destination, lagoServer, rig, ship } from './support/setup.ts';

const html = { 'content-type': 'text/html' };
const LAGO_500: Behaviour = { status: 500, body: '{"status":500,"error":"Internal Server Error"}' };

const isBad = ({ body }: Received): boolean => body.includes('"bad');
const to =
  (behaviour: Behaviour): Behave =>
  (request) =>
    isBad(request) ? behaviour : 'lago';

/** Chunks of 1,000 with one bad event each, at another place in each. */
function withBad(chunk: number, size = 1000): string[] {
  const all = events(size, `c${chunk}-`);
  all[(chunk * 37) % size] = event(`bad${chunk}`);
  return all;
}

/** Requests that were refused, and events in all requests. */
function work({ requests }: LagoServer): { refused: number; handled: number } {
  const handled = requests.reduce((sum, { events: sent }) => sum + sent.length, 0);
  return { refused: requests.filter(isBad).length, handled };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const KINDS: [string, Behaviour][] = [
  ['500', { status: 500 }],
  ['500 of Lago', LAGO_500],
  ['502', { status: 502, headers: html, body: '<html>502</html>' }],
  ['503', { status: 503 }],
  ['a reset', 'reset'],
  ['403, a page', { status: 403, headers: html, body: '<html>blocked</html>' }],
  ['403, JSON', { status: 403, body: '{"error":"blocked"}' }],
  ['406', { status: 406 }],
  ['418', { status: 418 }],
  ['400, a page', { status: 400, headers: html, body: '<html>blocked</html>' }],
  ['200, a page', { status: 200, headers: html, body: '<html>The requested URL was rejected</html>' }],
];

describe.each(KINDS)('%s to one event in a thousand', (_, behaviour) => {
  it('is a dead letter each, after few requests, and costs the others less than a fifth', async () => {
    const server = await lagoServer();
    server.behave = to(behaviour);
    const setup = rig(destination([server.address], { concurrency: 16 }));
    for (let chunk = 0; chunk < 20; chunk++) setup.queue.seal(withBad(chunk));
    await ship(setup);
    const letters = [...setup.queue.letters.values()];
    expect(letters.map(({ reason }) => reason)).toEqual(Array<string>(20).fill('refused'));
    expect(new Set(letters.map(({ event: sent }) => sent?.['transaction_id'])).size).toBe(20);
    expect(letters[0]!.message).toMatch(/^refused \d+ times in \d+ s, others were taken meanwhile: /);
    expect(letters[0]!.answer?.status).toBe(typeof behaviour === 'object' ? behaviour.status : undefined);
    expect(server.stored.size).toBe(19_980);
    const { refused, handled } = work(server);
    expect(refused / 20).toBeLessThan(25);
    expect(19_980 / handled).toBeGreaterThan(0.8);
  });

  it('that comes last is given up, too, though there is nothing else to be sent', async () => {
    const server = await lagoServer();
    server.behave = to(behaviour);
    const setup = rig(destination([server.address], { concurrency: 1 }));
    setup.queue.seal([...events(250), event('bad')]);
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 250, duplicates: 0, dead: 1 });
  });
});

describe('suspects', () => {
  it('leave the places of their chunks: what is clean is delivered while none of them is decided', async () => {
    const server = await lagoServer();
    server.behave = to({ status: 500 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    // Many more than have places.
    for (let chunk = 0; chunk < 150; chunk++) setup.queue.seal(withBad(chunk, 100));
    setup.shipper.start();
    while (server.stored.size < 150 * 99) {
      // Less than a second each time: hardly one of them is tried twice.
      clock.advance(10);
      await turn();
    }
    expect(setup.queue.letters.size).toBe(0);
    // Of chunks that have left, only the copies of what is suspect are kept.
    while (setup.shipper.status().suspects?.events !== 150) await turn();
    while (setup.queue.settlements.size < 150) {
      clock.advance(1000);
      await turn();
    }
    await setup.shipper.idle();
    expect(setup.queue.letters.size).toBe(150);
    expect(setup.shipper.status().suspects).toBeUndefined();
  });

  it('are delivered when they are taken after all', async () => {
    const server = await lagoServer();
    server.behave = to({ status: 500 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    for (let chunk = 0; chunk < 10; chunk++) setup.queue.seal(withBad(chunk));
    setup.shipper.start();
    while (server.stored.size < 9990) {
      clock.advance(10);
      await turn();
    }
    server.behave = () => 'lago';
    while (setup.queue.settlements.size < 10) {
      clock.advance(1000);
      await turn();
    }
    expect(server.stored.size).toBe(10_000);
    expect(setup.queue.letters.size).toBe(0);
  });

  it('are nothing that an outage of everything makes, however long it takes', async () => {
    const server = await lagoServer();
    let from = Number.POSITIVE_INFINITY;
    server.behave = (_request, index) => {
      if (index >= 20 && index < 120) return index % 2 === 0 ? { status: 500 } : 'reset';
      if (index >= 120) from = Math.min(from, index);
      return 'lago';
    };
    const setup = rig(destination([server.address]));
    for (let chunk = 0; chunk < 20; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
    await ship(setup);
    expect(from).toBe(120);
    expect(server.stored.size).toBe(20_000);
    expect(setup.queue.letters.size).toBe(0);
    expect(setup.clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(600_000);
  });

  it('are not made out of events by a server that fails half of the time', async () => {
    const server = await lagoServer();
    let number = 7;
    // The same numbers each time.
    const random = (): number => (number = (number * 48_271) % 2_147_483_647) / 2_147_483_647;
    server.behave = () => (random() < 0.5 ? { status: 500 } : 'lago');
    const setup = rig(destination([server.address]), new SkippingClock(), random);
    for (let chunk = 0; chunk < 10; chunk++) setup.queue.seal(events(1000, `c${chunk}-`));
    await ship(setup);
    expect(server.stored.size).toBe(10_000);
    expect(setup.queue.letters.size).toBe(0);
  });

  it('are no probes: a breaker that opened for an outage closes with a clean event', async () => {
    const server = await lagoServer();
    let isDown = false;
    server.behave = (request) => (isDown || isBad(request) ? { status: 500 } : 'lago');
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    for (let chunk = 0; chunk < 5; chunk++) setup.queue.seal(withBad(chunk, 100));
    setup.shipper.start();
    while (server.stored.size < 495) {
      clock.advance(10);
      await turn();
    }
    isDown = true;
    setup.queue.seal(events(1000, 'later-'));
    setup.shipper.wake();
    while (setup.shipper.status().endpoints[0]!.breaker !== 'open') {
      clock.advance(10);
      await turn();
    }
    isDown = false;
    const before = server.requests.length;
    while (setup.shipper.status().endpoints[0]!.breaker !== 'closed') {
      clock.advance(10);
      await turn();
    }
    expect(isBad(server.requests[before]!)).toBe(false);
    await setup.shipper.stop(0);
  });

  it('for which there is no room are told of, and stay where they are', async () => {
    const queue = new MemoryQueue();
    const text = 'x'.repeat(9 * 1024 * 1024);
    const batches: Batch[] = [];
    for (let i = 0; i < 2; i++) {
      queue.seal([event(`bad${i}`, 'sub', { properties: { text } }), event('good')]);
      const delivery = new ChunkDelivery(await queue.load(queue.take(1)[0]!), { settled: () => {} });
      batches.push(delivery.nextBatch(100, Number.POSITIVE_INFINITY, new BatchIds(100))!);
    }
    const config = destination(['http://127.0.0.1:1']);
    const reports: TelemetryEvent[] = [];
    const reporter = { report: (said: TelemetryEvent): void => void reports.push(said) };
    const clock = new ManualClock();
    const suspects = new Suspects({
      config,
      clock,
      random: () => 0.5,
      diagnostics: new Diagnostics(config, reporter, clock),
      signal: new AbortController().signal,
      endpoints: () => [],
      resume: () => {},
    });
    const failing = { endpoint: {} as Endpoint, tickets: { endpoint: 0, hold: 0, request: 1 } };
    expect(batches.map((batch) => suspects.add(batch, failing, true))).toEqual([true, false]);
    expect(suspects.add(batches[1]!, failing, true)).toBe(false);
    expect(suspects.isFull).toBe(true);
    expect(reports).toEqual([{ event: 'suspects_full', destination: 'lago', events: 2 }]);
    // Half of what was taken in is as large as before, and there is room again when it has gone.
    suspects.passed(suspects.take(false)!);
    expect(suspects.isFull).toBe(false);
    expect(suspects.add(batches[1]!, failing, true)).toBe(true);
  });

  it('do not take others with them where retries are limited', async () => {
    const server = await lagoServer();
    server.behave = to({ status: 500 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address], { max_retry_count: 1 }), clock);
    for (let chunk = 0; chunk < 10; chunk++) setup.queue.seal(withBad(chunk));
    setup.shipper.start();
    while (setup.queue.settlements.size < 10) {
      clock.advance(10);
      await turn();
    }
    expect(server.stored.size).toBe(9990);
    const letters = [...setup.queue.letters.values()];
    expect(letters.map(({ reason }) => reason)).toEqual(Array<string>(10).fill('retries_exhausted'));
  });
});

const long = (id: string): string => event(id, 'sub', { properties: { uri: 'x'.repeat(3000) } });
const isTooLong = ({ events: sent }: Received): boolean =>
  sent.some((one) => JSON.stringify(one).length > 2700 && one.transaction_id.startsWith('bad'));

describe('events that Lago cannot store for their size', () => {
  it('go in batches of their own, then singly, and their letters say why', async () => {
    const server = await lagoServer();
    server.behave = (request) => (isTooLong(request) ? LAGO_500 : 'lago');
    const setup = rig(destination([server.address], { concurrency: 16 }));
    for (let chunk = 0; chunk < 8; chunk++) {
      const all = events(1000, `c${chunk}-`);
      // Of the three large ones of each chunk one is packed well by Postgres.
      for (const [place, id] of [
        [5, 'bad'],
        [500, 'good'],
        [501, 'bad-too'],
      ] as const)
        all[place] = long(`${id}${chunk}`);
      setup.queue.seal(all);
    }
    await ship(setup);
    expect(server.stored.size).toBe(8 * 998);
    const letters = [...setup.queue.letters.values()];
    expect(letters).toHaveLength(16);
    expect(letters[0]).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(
        /Lago on Postgres \(since v1\.36\) cannot store .* shorten what event_properties holds/,
      ) as string,
      answer: { status: 500 },
    });
    // No small event was ever refused.
    const together = server.requests.filter((request) => isTooLong(request));
    expect(together.every(({ events: sent }) => sent.every((one) => JSON.stringify(one).length > 2500))).toBe(
      true,
    );
    expect(together.length / 16).toBeLessThan(12);
    expect(setup.reported('endpoint_open')).toEqual([]);
  });

  it('are waited for while the database is away', async () => {
    const server = await lagoServer();
    server.behave = (_request, index) => (index < 40 ? LAGO_500 : 'lago');
    const setup = rig(destination([server.address]));
    setup.queue.seal([...events(10), long('a'), long('b')]);
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 12, duplicates: 0, dead: 0 });
  });
});
