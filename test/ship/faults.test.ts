import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/observe/messages.ts';
import { ManualClock } from './support/clocks.ts';
import type { Behaviour } from './support/lago-server.ts';
import { unprocessable } from './support/lago-server.ts';
import { event, events } from './support/memory-queue.ts';
import { TOKEN, destination, lagoServer, rig, ship } from './support/setup.ts';

/** Behaves like this in turn, then like Lago. */
function inTurn(...behaviours: Behaviour[]): (_request: unknown, index: number) => Behaviour {
  return (_request, index) => behaviours[index] ?? 'lago';
}

/** Behaves like this so many times, then like Lago. */
function firstTimes(count: number, behaviour: Behaviour): (_request: unknown, index: number) => Behaviour {
  return (_request, index) => (index < count ? behaviour : 'lago');
}

/** The id of the dead letter of an event of `memory-queue`. */
const letterId = (index: number, transactionId = `t${index}`): string =>
  `lago:${'f'.repeat(32)}:${index * 1000}:${transactionId}`;

const everything = 100;
const one = { concurrency: 1 };

describe('not now', () => {
  it.each<[Behaviour, string]>([
    ['reset', 'connection reset by peer'],
    [{ status: 408, body: 'late' }, 'lago api returned status: 408, body: late'],
    [{ status: 429, body: 'slow down' }, 'lago api returned status: 429, body: slow down'],
    [{ status: 500, body: '{"status":500}' }, 'lago api returned status: 500, body: {"status":500}'],
    [{ status: 503 }, 'lago api returned status: 503, body: '],
  ])('%j is tried again, and nothing is lost or doubled', async (behaviour, message) => {
    const server = await lagoServer();
    server.behave = inTurn(behaviour, behaviour);
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(everything));
    await ship(setup);
    expect(server.stored.size).toBe(everything);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: everything, duplicates: 0, dead: 0 });
    const failures = setup.reported('batch_failed');
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2]);
    for (const failure of failures) expect(failure.message).toContain(message);
  });

  it('gives up on an answer that does not come', async () => {
    const server = await lagoServer();
    server.behave = inTurn('hang');
    const setup = rig(destination([server.address], { ...one, answer_timeout: 50 }));
    setup.queue.seal(events(2));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 2, duplicates: 0, dead: 0 });
    expect(setup.reported('batch_failed')[0]!.message).toMatch(/^timeout: /);
  });

  it('counts as duplicates what was stored by a request whose answer was lost', async () => {
    const server = await lagoServer();
    server.behave = inTurn('lose');
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(everything));
    await ship(setup);
    expect(server.stored.size).toBe(everything);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 0, duplicates: everything, dead: 0 });
    expect(setup.queue.letters.size).toBe(0);
    expect(setup.reported('batch_partly_failed')).toEqual([]);
  });

  it('waits longer and longer with full jitter, up to a minute', async () => {
    const server = await lagoServer();
    server.behave = firstTimes(12, { status: 500 });
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(1));
    await ship(setup);
    const waits = setup.reported('batch_failed').map(({ retryInMs }) => retryInMs);
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, ...Array<number>(6).fill(30_000)]);
  });

  it('is never faster than Retry-After asks', async () => {
    const server = await lagoServer();
    const clock = new ManualClock();
    server.behave = inTurn({ status: 429, headers: { 'retry-after': '40' } });
    const setup = rig(destination([server.address], one), clock);
    setup.queue.seal(events(1));
    setup.shipper.start();
    expect(await clock.asleep(2)).toEqual([40_000, 40_000]);
    clock.advance(39_999);
    expect(setup.shipper.status()).toMatchObject({ inFlight: 0, endpoints: [{ breaker: 'open' }] });
    clock.advance(1);
    await setup.shipper.idle();
    expect(server.stored.size).toBe(1);
  });

  it('opens the breaker of an endpoint, then probes it with one request before the link is full again', async () => {
    const server = await lagoServer();
    const clock = new ManualClock();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    server.behave = async (_request, index) => {
      if (index < 4) return { status: 503 };
      if (index === 4) await held;
      return 'lago';
    };
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(1000));
    setup.shipper.start();
    // Four batches and the breaker wait.
    await clock.asleep(5);
    expect(setup.shipper.status().endpoints).toEqual([
      {
        address: server.address,
        breaker: 'open',
        limit: 3,
        retryAt: expect.stringMatching(/^2026-08-21T10:00:00/) as string,
      },
    ]);
    clock.advance(1000);
    await server.received(5);
    expect(setup.shipper.status()).toMatchObject({ inFlight: 1, endpoints: [{ breaker: 'half_open' }] });
    release();
    await setup.shipper.idle();
    expect(setup.shipper.status().endpoints).toMatchObject([{ address: server.address, breaker: 'closed' }]);
    expect(setup.reported('endpoint_open')).toHaveLength(1);
    expect(setup.reported('endpoint_closed')).toHaveLength(1);
    expect(server.stored.size).toBe(1000);
  });

  it('sends new chunks while one batch breaks the server again and again, and narrows that down', async () => {
    const server = await lagoServer();
    let failures = 0;
    server.behave = ({ body }) => (body.includes('"bad"') && failures++ < 6 ? { status: 500 } : 'lago');
    const setup = rig(destination([server.address], { concurrency: 2 }));
    setup.queue.seal([...events(50), event('bad')]);
    for (let chunk = 0; chunk < 40; chunk++) setup.queue.seal(events(100, `c${chunk}-`));
    await ship(setup);
    expect(server.stored.size).toBe(4051);
    const sizes = server.requests
      .filter(({ body }) => body.includes('"bad"'))
      .map(({ events }) => events.length);
    expect(sizes[0]).toBe(51);
    expect(sizes.at(-1)).toBeLessThan(51);
  });
});

describe('two endpoints', () => {
  it('goes on with the one that works, without a wait', async () => {
    const server = await lagoServer();
    const gone = await lagoServer();
    await gone.close();
    const clock = new ManualClock();
    let call = 0;
    const setup = rig(destination([gone.address, server.address]), clock, () => (call++ % 2) * 0.5);
    setup.queue.seal(events(1000));
    await ship(setup);
    expect(server.stored.size).toBe(1000);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 1000, duplicates: 0, dead: 0 });
    expect(setup.reported('batch_failed')[0]).toMatchObject({
      message: expect.stringMatching(/^connection refused: /) as string,
      retryInMs: 0,
    });
    expect(setup.shipper.status().endpoints.map(({ breaker }) => breaker)).toEqual(['open', 'closed']);
  });

  it('uses both', async () => {
    const servers = [await lagoServer(), await lagoServer()];
    let call = 0;
    const addresses = servers.map(({ address }) => address);
    const setup = rig(destination(addresses), new ManualClock(), () => (call++ % 2) * 0.5);
    setup.queue.seal(events(1000));
    await ship(setup);
    expect(servers.map(({ requests }) => requests.length)).toEqual([5, 5]);
  });

  it('finds an endpoint again that was away', async () => {
    const gone = await lagoServer();
    await gone.close();
    const clock = new ManualClock();
    const setup = rig(destination([gone.address]), clock);
    setup.queue.seal(events(10));
    setup.shipper.start();
    await clock.asleep(1);
    const server = await lagoServer(undefined, gone.port);
    clock.advance(60_000);
    await setup.shipper.idle();
    expect(server.stored.size).toBe(10);
  });
});

describe('events that Lago does not take', () => {
  it('buries those that it names, and sends the rest again at once', async () => {
    const server = await lagoServer();
    const clock = new ManualClock();
    const bad = unprocessable({
      '1': { timestamp: ['invalid_format'] },
      '3': 'expression_evaluation_failed: b',
    });
    server.behave = inTurn(bad);
    const setup = rig(destination([server.address], one), clock);
    setup.queue.seal(events(5));
    await ship(setup);
    expect(server.ids).toEqual(['sub/t0', 'sub/t2', 'sub/t4']);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 2 });
    expect([...setup.queue.letters.values()]).toEqual([
      {
        id: letterId(1),
        time: '2026-08-21T10:00:00.000Z',
        reason: 'rejected',
        message: 'lago rejected the event: {"timestamp":["invalid_format"]}',
        source: 'access',
        path: '/log/access.log',
        fingerprint: 'f'.repeat(32),
        offset: 1000,
        destination: 'lago',
        answer: bad,
        event: JSON.parse(events(5)[1]!) as unknown,
      },
      expect.objectContaining({
        id: letterId(3),
        message: 'lago rejected the event: expression_evaluation_failed: b',
      }),
    ]);
    expect(setup.reported('batch_partly_failed')).toMatchObject([{ done: 2, total: 5 }]);
    expect(setup.reported('event_dead')).toHaveLength(2);
  });

  it('says of a batch of which nothing remains what the plugin says of a whole batch', async () => {
    const server = await lagoServer();
    server.behave = inTurn(unprocessable({ '0': { code: ['value_is_mandatory'] } }));
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(1));
    await ship(setup);
    expect(setup.reported('batch_partly_failed')).toEqual([]);
    const said = setup.reported('batch_failed').map((event) => messageOf(event).text(event));
    expect(said).toEqual([
      expect.stringMatching(
        /^Batch Processor\[lago logger\] failed to process entries: lago api returned status: 422, body: /,
      ),
    ]);
  });

  it('settles duplicates without a word, and sends the rest again', async () => {
    const server = await lagoServer();
    server.stored.set('sub/t1', '');
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(server.requests.map(({ events }) => events.map(({ transaction_id: id }) => id))).toEqual([
      ['t0', 't1', 't2'],
      ['t0', 't2'],
    ]);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 2, duplicates: 1, dead: 0 });
    expect(setup.reports).toEqual([]);
  });

  it.each([400, 422])(
    'finds the poison behind a %i by halves, and delivers everything else',
    async (status) => {
      const server = await lagoServer();
      server.behave = ({ body }) => (/"t(17|18|80)"/.test(body) ? { status, body: 'what?' } : 'lago');
      const setup = rig(destination([server.address], one), new ManualClock());
      setup.queue.seal(events(100));
      await ship(setup);
      expect(server.stored.size).toBe(97);
      expect([...setup.queue.letters.keys()].toSorted()).toEqual([letterId(17), letterId(18), letterId(80)]);
      expect(setup.queue.letters.get(letterId(17))).toMatchObject({
        reason: 'poison',
        answer: { status, body: 'what?' },
      });
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 97, duplicates: 0, dead: 3 });
      // The search itself is not worth a line per step.
      expect(setup.reported('batch_failed')).toHaveLength(1);
      expect(server.requests.length).toBeLessThan(40);
    },
  );

  it('divides what is too large, remembers the size, and buries what is too large alone', async () => {
    const server = await lagoServer();
    server.behave = ({ body }) => (body.length > 3000 ? { status: 413 } : 'lago');
    const setup = rig(
      destination([server.address], { ...one, large_event_bytes: 10_000 }),
      new ManualClock(),
    );
    setup.queue.seal([...events(20), event('huge', 'sub', { properties: { text: 'x'.repeat(4000) } })]);
    setup.queue.seal(events(100, 'u'));
    await ship(setup);
    expect(server.stored.size).toBe(120);
    expect(setup.queue.letters.get(letterId(20, 'huge'))).toMatchObject({
      reason: 'too_large',
      answer: { status: 413 },
    });
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 20, duplicates: 0, dead: 1 });
    const second = server.requests.filter(({ body }) => body.includes('"u'));
    expect(second.filter(({ body }) => body.length > 3000).length).toBeLessThan(2);
  });

  it('halves its batches when the limit of the server is lower', async () => {
    const server = await lagoServer();
    server.behave = ({ events }) =>
      events.length > 30 ? unprocessable({ events: ['too_many_events'] }) : 'lago';
    const setup = rig(destination([server.address]), new ManualClock());
    setup.queue.seal(events(1000));
    await ship(setup);
    expect(server.stored.size).toBe(1000);
    expect(setup.reported('batch_size_lowered').map(({ size }) => size)).toEqual([50, 25]);
    expect(setup.queue.letters.size).toBe(0);
    const refused = server.requests.filter(({ events }) => events.length > 30);
    expect(refused.length).toBeLessThan(15);
  });

  it('settles nothing before its dead letter is durable', async () => {
    const server = await lagoServer();
    server.behave = inTurn(unprocessable({ '0': { code: ['value_is_mandatory'] } }));
    const clock = new ManualClock();
    const setup = rig(destination([server.address], one), clock);
    setup.queue.seal(events(1));
    setup.queue.buryErrors.push(new Error('ENOSPC: no space left on device'), new Error('ENOSPC: again'));
    setup.shipper.start();
    expect(await clock.asleep(1)).toEqual([500]);
    clock.advance(500);
    expect(await clock.asleep(1)).toEqual([1000]);
    expect(setup.queue.settlements.size).toBe(0);
    expect(setup.shipper.status().lastError!.message).toBe('dead letters cannot be written: ENOSPC: again');
    clock.advance(1000);
    await setup.shipper.idle();
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 0, duplicates: 0, dead: 1 });
    expect(setup.queue.letters.size).toBe(1);
  });

  it('keeps bytes that are no JSON in the dead letter as they are', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], one));
    setup.queue.seal(['{"transaction_id":"a",,}', event('b')]);
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 1, duplicates: 0, dead: 1 });
    expect(setup.queue.letters.get(letterId(0, ''))).toMatchObject({
      reason: 'poison',
      line: '{"transaction_id":"a",,}',
    });
  });
});

describe('retries that are limited', () => {
  it('buries what fails after max_retry_count retries, with the last answer, and what was sent with it only if it fails too', async () => {
    const server = await lagoServer();
    server.behave = ({ body }) => (body.includes('"t0"') ? { status: 500, body: 'broken' } : 'lago');
    const setup = rig(destination([server.address], { ...one, max_retry_count: 2 }));
    setup.queue.seal(events(150));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 149, duplicates: 0, dead: 1 });
    expect(setup.reported('retries_exhausted')).toEqual([
      { event: 'retries_exhausted', destination: 'lago', maxRetryCount: 2, events: 1 },
    ]);
    expect(setup.queue.letters.get(letterId(0))).toMatchObject({
      reason: 'retries_exhausted',
      message: 'lago api returned status: 500, body: broken',
      answer: { status: 500, body: 'broken' },
    });
  });

  it('does not count a destination that is held', async () => {
    const server = await lagoServer();
    server.behave = firstTimes(5, { status: 401 });
    const setup = rig(destination([server.address], { ...one, max_retry_count: 0 }));
    setup.queue.seal(events(10));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 10, duplicates: 0, dead: 0 });
  });
});

describe('a destination that refuses everything', () => {
  it.each([301, 401, 402, 404, 405, 409, 415])('%i holds it, and nothing is dropped', async (status) => {
    const server = await lagoServer();
    const clock = new ManualClock();
    server.behave = (_request, index) => (index < 5 ? { status, body: 'no' } : 'lago');
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(1000));
    setup.shipper.start();
    expect(await clock.asleep(1)).toEqual([30_000]);
    const [held] = setup.reported('destination_held');
    expect(held!.message).toBe(`lago api returned status: ${status}, body: no`);
    expect(setup.shipper.status()).toMatchObject({
      held: { retryAt: '2026-08-21T10:00:30.000Z', remedy: held!.remedy },
      endpoints: [{ breaker: 'closed' }],
    });
    await server.received(4);
    clock.advance(30_000);
    expect(await clock.asleep(1)).toEqual([60_000]);
    expect(server.requests).toHaveLength(5);
    clock.advance(60_000);
    await setup.shipper.idle();
    expect(server.stored.size).toBe(1000);
    expect(setup.reported('destination_held')).toHaveLength(2);
    expect(setup.shipper.status().held).toBeUndefined();
    expect(setup.queue.letters.size).toBe(0);
  });

  it.each([403, 406, 418, 451])(
    '%i, which may be about one event, is soon asked with one',
    async (status) => {
      const server = await lagoServer();
      server.behave = firstTimes(5, { status, body: 'no' });
      const setup = rig(destination([server.address], one));
      setup.queue.seal(events(1000));
      await ship(setup);
      expect(setup.clock.slept.slice(0, 5)).toEqual([1000, 2000, 4000, 30_000, 60_000]);
      expect(server.requests.slice(1, 6).map(({ events: sent }) => sent.length)).toEqual([1, 1, 1, 1, 1]);
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 1000, duplicates: 0, dead: 0 });
    },
  );

  it('asks at least every five minutes', async () => {
    const server = await lagoServer();
    server.behave = firstTimes(7, { status: 404 });
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(1));
    await ship(setup);
    expect(setup.clock.slept).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });

  it('is held on while its probe meets a connection that fails', async () => {
    const server = await lagoServer();
    server.behave = inTurn({ status: 401 }, 'reset', { status: 500 });
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(250));
    await ship(setup);
    expect(server.stored.size).toBe(250);
    expect(setup.reported('destination_held')).toHaveLength(1);
  });
});

describe('what is said', () => {
  it('never contains the key, not even when the server repeats it, and is bounded', async () => {
    const server = await lagoServer();
    server.behave = inTurn(
      { status: 500, body: `you sent\nBearer ${TOKEN}` },
      { status: 500, body: 'x'.repeat(1020) + TOKEN },
      { status: 401, body: TOKEN },
      unprocessable({ '0': { code: [TOKEN] } }),
    );
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(1));
    await ship(setup);
    const said = JSON.stringify([setup.reports, [...setup.queue.letters.values()], setup.shipper.status()]);
    expect(said).not.toContain(TOKEN);
    expect(said).not.toContain(TOKEN.slice(0, 5));
    expect(setup.reported('batch_failed')[0]!.message).toBe(
      'lago api returned status: 500, body: you sent Bearer [redacted]',
    );
  });

  it('keeps a refusal of many megabytes within bounds', async () => {
    const server = await lagoServer();
    server.behave = inTurn({ status: 500, body: 'y'.repeat(5_000_000) });
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(1));
    await ship(setup);
    expect(setup.reported('batch_failed')[0]!.message.length).toBeLessThan(1100);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 1, duplicates: 0, dead: 0 });
  });

  it('does not show credentials of an address', async () => {
    const server = await lagoServer();
    const address = server.address.replace('://', '://user:secret@');
    const setup = rig(destination([address], one));
    expect(setup.shipper.status().endpoints[0]!.address).toBe(server.address);
  });
});
