/** Answers that are read, but that no sound server sends: each is bounded, and none settles or buries an event. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unprocessable } from './support/lago-server.ts';
import { ManualClock } from './support/clocks.ts';
import { events } from './support/memory-queue.ts';
import { RawServer, answer, flood, type Write } from './support/raw-server.ts';
import { closeLater, destination, lagoServer, rig, ship } from './support/setup.ts';

const one = { concurrency: 1 };
const echo = (body: string): Buffer => answer(200, body);

async function rawServer(write: Write): Promise<RawServer> {
  const server = await RawServer.listen();
  closeLater(() => server.close());
  server.write = write;
  return server;
}

/** The first request is answered like this, others with the events. */
const first =
  (act: Write): Write =>
  (socket, body, index) => {
    if (index === 0) act(socket, body, index);
    else socket.write(echo(body));
  };

describe('interim answers', () => {
  it.each(['100 Continue', '102 Processing', '103 Early Hints', '199 Whatever'])(
    'that nobody asked for are passed over: %s',
    async (interim) => {
      const server = await rawServer((socket, body) => {
        socket.write(`HTTP/1.1 ${interim}\r\n\r\nHTTP/1.1 ${interim}\r\nlink: </x>\r\n\r\n`);
        socket.write(echo(body));
      });
      const setup = rig(destination([server.address], one));
      setup.queue.seal(events(300));
      await ship(setup);
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 300, duplicates: 0, dead: 0 });
      expect(setup.reports).toEqual([]);
      expect(server).toMatchObject({ requests: 3, connections: 1 });
    },
  );

  it('without an end do not keep the request in flight', async () => {
    const server = await rawServer(
      first((socket) => flood(socket, () => 'HTTP/1.1 103 Early Hints\r\n\r\n')),
    );
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    expect(setup.reported('batch_failed')).toMatchObject([
      { message: 'more than 100 interim answers (103) and no answer' },
    ]);
  });
});

describe('the deadline of a request', () => {
  it.each<[string, Write]>([
    ['interim answers that come one by one', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['headers that trickle', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'x: y\r\n')],
    [
      'a success that trickles',
      (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n', ' '),
    ],
    [
      'a refusal that trickles',
      (socket) => drip(socket, 'HTTP/1.1 422 X\r\ncontent-length: 9999\r\n\r\n', ' '),
    ],
  ])('ends %s', async (_, act) => {
    const server = await rawServer(first(act));
    const setup = rig(destination([server.address], { ...one, timeout: 100 }));
    setup.queue.seal(events(3));
    const began = performance.now();
    await ship(setup);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    expect(setup.reported('batch_failed')).toMatchObject([
      { message: expect.stringMatching(/^timeout: /) as string },
    ]);
  });

  it('has stopped in the middle of an answer when nothing comes for timeout', async () => {
    const server = await rawServer(
      first((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{"events":[')),
    );
    const setup = rig(destination([server.address], { ...one, timeout: 100 }));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    expect(setup.reported('batch_failed')).toMatchObject([
      { message: 'timeout: no more of the answer for 0.1 s' },
    ]);
  });
});

/** Something every 20 ms, for ever. */
function drip(socket: Parameters<Write>[0], begin: string, more = begin): void {
  socket.write(begin);
  const timer = setInterval(() => socket.write(more), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('a body without an end', () => {
  it.each([200, 401, 500])('of a %i is not read on, and not kept', async (status) => {
    let written = 0;
    const piece = Buffer.alloc(64 * 1024, 'x');
    const server = await rawServer((socket, body, index) => {
      if (index > 0) {
        socket.write(echo(body));
        return;
      }
      socket.write(`HTTP/1.1 ${status} X\r\n\r\n`);
      flood(socket, () => {
        written += piece.length;
        return piece;
      });
    });
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    // What the buffers of the sockets take comes on top.
    expect(written).toBeLessThan(16_000_000);
    const said = [...setup.reported('batch_failed'), ...setup.reported('destination_held')];
    expect(said).toMatchObject([
      {
        message: expect.stringMatching(
          new RegExp(`^lago api returned status: ${status}, body: xxx`),
        ) as string,
      },
    ]);
  });

  it('of a 422 buries nothing', async () => {
    const server = await rawServer(
      first((socket) => {
        socket.write('HTTP/1.1 422 X\r\n\r\n{"error_details":{"0":{"code":["value_is_mandatory"]},"1":"');
        flood(socket, () => 'y'.repeat(64 * 1024));
      }),
    );
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
  });
});

describe('headers of an answer', () => {
  it('may be large', async () => {
    const server = await rawServer((socket, body) =>
      socket.write(answer(200, body, { 'x-policy': 'p'.repeat(200_000) })),
    );
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    expect(setup.reports).toEqual([]);
  });

  it('beyond 256 KiB are named as the cause', async () => {
    const server = await rawServer(
      first((socket, body) => socket.write(answer(200, body, { 'x-policy': 'p'.repeat(300_000) }))),
    );
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.reported('batch_failed')[0]!.message).toMatch(
      /^headers of the answer are larger than 256 KiB/,
    );
  });

  it('that come twice do no harm', async () => {
    const twice =
      'content-type: text/plain\r\ncontent-type: text/html\r\nretry-after: 1\r\nretry-after: x\r\nlocation: a\r\nlocation: b\r\n';
    for (const status of [200, 302, 400, 422, 429, 500]) {
      const server = await rawServer(
        first((socket) => socket.write(`HTTP/1.1 ${status} X\r\n${twice}content-length: 2\r\n\r\nno`)),
      );
      const setup = rig(destination([server.address], one));
      setup.queue.seal(events(3));
      await ship(setup);
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
    }
  });
});

describe('a packed answer, though none was asked for', () => {
  const packers = { gzip: gzipSync, 'x-gzip': gzipSync, br: brotliCompressSync, deflate: deflateSync };

  it('asks for plain ones', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address]));
    setup.queue.seal(events(1));
    await ship(setup);
    expect(server.requests[0]!.headers['accept-encoding']).toBe('identity');
  });

  it.each([...Object.entries(packers), ['Deflate', deflateRawSync] as const])(
    'is understood: %s',
    async (encoding, pack) => {
      const server = await rawServer((socket, body, index) => {
        const { body: refusal } = unprocessable({ '1': { transaction_id: ['value_already_exist'] } });
        const headers = { 'content-encoding': encoding };
        socket.write(index === 0 ? answer(422, pack(refusal), headers) : answer(200, pack(body), headers));
      });
      const setup = rig(destination([server.address], one));
      setup.queue.seal(events(3));
      await ship(setup);
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 2, duplicates: 1, dead: 0 });
      expect(server.requests).toBe(2);
    },
  );

  it.each<[string, string, Buffer]>([
    ['damaged', 'gzip', gzipSync(unprocessable({ '0': 'x' }).body).subarray(0, 40)],
    ['not packed at all', 'gzip', Buffer.from('{}')],
    ['packed in an unknown way', 'compress', Buffer.from('??')],
    ['packed too often', 'gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('{}')))],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(200_000_000))],
  ])('that cannot be read (%s) buries no event and delivers none', async (_, encoding, body) => {
    for (const status of [200, 422, 400]) {
      const server = await rawServer((socket, sent, index) =>
        socket.write(index < 20 ? answer(status, body, { 'content-encoding': encoding }) : echo(sent)),
      );
      const setup = rig(destination([server.address], one));
      setup.queue.seal(events(3));
      await ship(setup);
      expect(setup.queue.settlements.get(1)).toEqual({ delivered: 3, duplicates: 0, dead: 0 });
      // A success that is none may be about a text: it is asked with one event, and the other two follow.
      expect(server.requests).toBe(status === 200 ? 23 : 21);
    }
  });
});

describe('a success', () => {
  it.each<[string, number, string]>([
    ['a catch-all', 200, 'ok'],
    ['an empty list', 200, '{"events":[]}'],
    ['no content', 204, ''],
    ['of a queue', 202, '{"accepted":true}'],
  ])('that is not of Lago delivers nothing: %s', async (_, status, body) => {
    const server = await lagoServer();
    server.behave = () => ({ status, body });
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(1000));
    setup.shipper.start();
    await clock.asleep(1);
    expect(setup.queue.settlements.size).toBe(0);
    expect(setup.reported('destination_held')[0]).toMatchObject({
      message: `lago api returned status: ${status}, body: ${body}`,
    });
    server.behave = () => 'lago';
    clock.advance(30_000);
    await setup.shipper.idle();
    expect(server.stored.size).toBe(1000);
  });

  it('is taken at its status where the configuration says so', async () => {
    const server = await lagoServer();
    server.behave = (_request, index) =>
      index === 0 ? { status: 202, body: '<html>{' } : index === 1 ? 'break' : { status: 204 };
    const setup = rig(destination([server.address], { ...one, answer_check: 'status' }));
    setup.queue.seal(events(300));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 300, duplicates: 0, dead: 0 });
    expect(server.requests).toHaveLength(3);
  });

  it('that breaks off is asked for again, and counts once', async () => {
    const server = await lagoServer();
    server.behave = (_request, index) => (index === 0 ? 'break' : 'lago');
    const setup = rig(destination([server.address], one));
    setup.queue.seal(events(100));
    await ship(setup);
    expect(server.stored.size).toBe(100);
    expect(setup.queue.settlements.get(1)).toEqual({ delivered: 0, duplicates: 100, dead: 0 });
  });
});
