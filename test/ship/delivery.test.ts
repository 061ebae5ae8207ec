import { describe, expect, it, vi } from 'vitest';
import { CorruptChunkError } from '../../src/errors.ts';
import { ManualClock } from './support/clocks.ts';
import { event, events } from './support/memory-queue.ts';
import { TOKEN, destination, lagoServer, rig, ship } from './support/setup.ts';

const whole = (delivered: number) => ({ delivered, duplicates: 0, dead: 0 });

describe('delivery', () => {
  it('sends the bytes of the events as they are, in batches of at most batch_max_size', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], { batch_max_size: 40, concurrency: 1 }));
    const chunk = Array.from({ length: 100 }, (_unused, i) => event(`t${i}`, 'sub', { note: `ü "${i}"` }));
    setup.queue.seal(chunk);
    await ship(setup);
    expect(server.requests.map(({ body }) => body)).toEqual([
      `{"events":[${chunk.slice(0, 40).join(',')}]}`,
      `{"events":[${chunk.slice(40, 80).join(',')}]}`,
      `{"events":[${chunk.slice(80).join(',')}]}`,
    ]);
    expect(setup.queue.settlements.get(1)).toEqual(whole(100));
    expect(setup.reports).toEqual([]);
  });

  it('posts JSON to the endpoint with the key and its own name', async () => {
    const server = await lagoServer();
    const setup = rig(destination([`${server.address}/lago/`], { endpoint_uri: '/api/v1/events/batch?a=b' }));
    setup.queue.seal(events(1));
    await ship(setup);
    const [request] = server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      url: '/lago/api/v1/events/batch?a=b',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${TOKEN}`,
        'user-agent': 'tailmeter/1.2.3',
        connection: 'keep-alive',
      },
    });
  });

  it('closes connections after each request when keepalive is off', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], { keepalive: false }));
    setup.queue.seal(events(1));
    await ship(setup);
    expect(server.requests[0]!.headers.connection).toBe('close');
  });

  it('never sends more than the 100 events that Lago takes', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], { batch_max_size: 1000 }));
    setup.queue.seal(events(250));
    await ship(setup);
    const sizes = server.requests.map(({ events }) => events.length);
    expect(sizes.toSorted((a, b) => a - b)).toEqual([50, 100, 100]);
  });

  it('keeps two equal transaction ids out of one batch, also of different subscriptions and spellings', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], { concurrency: 1 }));
    setup.queue.seal([
      event('a', 's1'),
      event('b', 's1'),
      event('a', 's2'),
      String.raw`{"transaction_id":"\u0061","external_subscription_id":"s3"}`,
      String.raw`{"transaction_id":"a\"","external_subscription_id":"s3"}`,
      event('c', 's1'),
    ]);
    await ship(setup);
    expect(
      server.requests.map(({ events }) =>
        events.map((sent) => `${sent.external_subscription_id}/${sent.transaction_id}`),
      ),
    ).toEqual([['s1/a', 's1/b', 's3/a"', 's1/c'], ['s2/a'], ['s3/a']]);
    expect(setup.queue.settlements.get(1)).toEqual(whole(6));
  });

  it('keeps the link full across chunks and never exceeds the concurrency', async () => {
    const server = await lagoServer();
    const waiting: (() => void)[] = [];
    server.behave = () => new Promise((resolve) => waiting.push(() => resolve('lago')));
    const setup = rig(destination([server.address], { concurrency: 6 }));
    for (let chunk = 0; chunk < 20; chunk++) setup.queue.seal(events(1, `c${chunk}-`));
    setup.shipper.start();
    const idle = setup.shipper.idle();
    for (let count = 6; count <= 20; count++) {
      await server.received(count);
      expect(setup.shipper.status().inFlight).toBe(6);
      waiting.shift()!();
    }
    for (const answer of waiting) answer();
    await idle;
    expect(server.mostInFlight).toBe(6);
    expect(setup.queue.settlements.size).toBe(20);
  });

  it('loads only a few chunks ahead, however long the backlog is', async () => {
    const server = await lagoServer();
    server.behave = () => 'hang';
    const setup = rig(destination([server.address], { concurrency: 2 }), new ManualClock());
    for (let chunk = 0; chunk < 500; chunk++) setup.queue.seal(events(500, `c${chunk}-`));
    setup.shipper.start();
    await server.received(2);
    expect(setup.queue.loaded).toBeLessThanOrEqual(2);
    expect(setup.queue.taken.reduce((sum, count) => sum + count)).toBeLessThan(50);
  });

  it('keeps everything while a web page answers in the place of Lago', async () => {
    const server = await lagoServer();
    server.behave = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });
    const setup = rig(destination([server.address], { concurrency: 1 }), new ManualClock());
    setup.queue.seal(events(3));
    setup.shipper.start();
    await vi.waitFor(() => expect(setup.reported('destination_held')).toHaveLength(1));
    expect(setup.queue.settlements.size).toBe(0);
    expect(setup.shipper.status().held?.remedy).toContain('A web page answered');
  });

  it('settles a chunk without events', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal([]);
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(whole(0));
    expect(server.requests).toEqual([]);
  });

  it('sends a chunk that is sealed while it runs when it is woken', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    await ship(setup);
    setup.queue.seal(events(3));
    setup.shipper.wake();
    await setup.shipper.idle();
    expect(setup.queue.settlements.get(1)).toEqual(whole(3));
  });

  it('paces requests evenly', async () => {
    const server = await lagoServer();
    const clock = new ManualClock();
    const setup = rig(destination([server.address], { max_requests_per_second: 10 }), clock);
    setup.queue.seal(events(300));
    setup.shipper.start();
    await server.received(1);
    expect(await clock.asleep(1)).toEqual([100]);
    clock.advance(100);
    await server.received(2);
    expect(await clock.asleep(1)).toEqual([100]);
    clock.advance(100);
    await setup.shipper.idle();
    expect(server.requests).toHaveLength(3);
  });
});

describe('chunks that cannot be read', () => {
  it('has a corrupt chunk restored, and delivers it', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal(events(3));
    setup.queue.loadErrors.push(new CorruptChunkError('/spool/1.chunk', 'checksum differs'));
    setup.queue.restorations.push(new Error('EACCES: permission denied'), new Error('EIO'), true);
    await ship(setup);
    expect(setup.clock.slept).toEqual([500, 1000]);
    expect(setup.reported('batch_failed')[0]!.message).toBe(
      '/spool/1.chunk cannot be read: EACCES: permission denied',
    );
    expect(setup.queue.settlements).toEqual(new Map([[1, whole(3)]]));
  });

  it('goes on with the next when a corrupt chunk cannot be restored', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal(events(3));
    setup.queue.seal(events(2));
    setup.queue.loadErrors.push(new CorruptChunkError('/spool/1.chunk', 'checksum differs'));
    await ship(setup);
    expect(setup.queue.quarantined).toEqual([1]);
    expect(setup.queue.settlements).toEqual(new Map([[2, whole(2)]]));
  });

  it('goes on with others while many cannot be read, however many events they have', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]), new ManualClock());
    const { queue, shipper } = setup;
    const unreadable = new Set(Array.from({ length: 60 }, () => queue.seal(events(2000))));
    const others = [1, 2, 3].map((number) => queue.seal(events(10, `other${number}-`)));
    const load = queue.load.bind(queue);
    queue.load = (chunk) =>
      unreadable.has(chunk.sequence) ? Promise.reject(new Error('EIO: i/o error, read')) : load(chunk);
    shipper.start();
    await vi.waitFor(() => expect([...queue.settlements.keys()]).toEqual(others));
  });

  it('tries again after any other error, later and later', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal(events(3));
    setup.queue.loadErrors.push(new Error('EIO: i/o error, read'), new Error('EIO: i/o error, read'));
    await ship(setup);
    expect(setup.clock.slept).toEqual([500, 1000]);
    expect(setup.queue.settlements.get(1)).toEqual(whole(3));
    expect(setup.reported('batch_failed')[0]!.message).toBe(
      '/spool/1.chunk cannot be read: EIO: i/o error, read',
    );
  });
});
