/** The built daemon behind proxies and servers whose answers are right, but odd. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { LagoServer } from '../ship/support/lago-server.ts';
import type { LagoEvent } from '../ship/support/lago-server.ts';
import { RawServer, answer } from '../ship/support/raw-server.ts';
import { DeliveryRun } from '../support/delivery-run.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** Stores as Lago does; what it answers goes through `change`. */
async function behindProxy(
  change: (status: number, body: string, index: number) => Buffer | 'lost',
): Promise<RawServer> {
  const [lago, proxy] = [await LagoServer.listen(), await RawServer.listen()];
  opened.push(lago, proxy);
  proxy.write = (socket, body, index) => {
    const { status, body: text = '' } = lago.store((JSON.parse(body) as { events: LagoEvent[] }).events);
    const changed = change(status, text, index);
    if (changed === 'lost') socket.resetAndDestroy();
    else socket.write(changed);
  };
  return proxy;
}

test.each(['100 Continue', '102 Processing', '103 Early Hints'])(
  'an interim answer that nobody asked for is passed over: %s',
  async (interim) => {
    const proxy = await behindProxy((status, body) =>
      Buffer.concat([Buffer.from(`HTTP/1.1 ${interim}\r\n\r\n`), answer(status, body)]),
    );
    await using run = await DeliveryRun.prepare(1000, [proxy.address]);
    await run.start();
    expect(await run.settled()).toMatchObject({ delivered: 1000, duplicates: 0, last_error: null });
  },
);

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
] as const)('duplicates that a packed answer tells of are no dead letters: %s', async (encoding, pack) => {
  const proxy = await behindProxy((status, body, index) =>
    index < 10 ? 'lost' : answer(status, pack(body), { 'content-encoding': encoding }),
  );
  await using run = await DeliveryRun.prepare(5000, [proxy.address]);
  await run.start();
  const { delivered, duplicates, dead } = await run.settled();
  expect({ all: delivered + duplicates, dead }).toEqual({ all: 5000, dead: 0 });
  expect(duplicates).toBeGreaterThan(0);
});

test.each([12, 20, 200])('an answer with headers of %d kB is understood', async (kilobytes) => {
  const headers = Object.fromEntries(
    Array.from({ length: kilobytes }, (_, i) => [`x-policy-${i}`, 'p'.repeat(1000)]),
  );
  const proxy = await behindProxy((status, body) => answer(status, body, headers));
  await using run = await DeliveryRun.prepare(1000, [proxy.address]);
  await run.start();
  expect(await run.settled()).toMatchObject({ delivered: 1000, duplicates: 0, last_error: null });
});

test.each<[string, (ms: number) => Record<string, string>]>([
  [
    'a date',
    (ms) => ({ date: new Date(ms).toUTCString(), 'retry-after': new Date(ms + 2000).toUTCString() }),
  ],
  [
    'seconds',
    (ms) => ({ date: new Date(ms).toUTCString(), 'x-ratelimit-reset': `${Math.round(ms / 1000) + 2}` }),
  ],
  ['milliseconds', (ms) => ({ date: new Date(ms).toUTCString(), 'x-ratelimit-reset': `${ms + 2000}` })],
])('a server whose clock is half an hour ahead is not waited for so long: %s', async (_, headersAt) => {
  const server = await LagoServer.listen();
  opened.push(server);
  server.behave = (__, index) =>
    index < 3 ? { status: 429, headers: headersAt(Date.now() + 1_800_000) } : 'lago';
  await using run = await DeliveryRun.prepare(500, [server.address]);
  await run.start();
  // Within the time that a test may take.
  expect(await run.settled()).toMatchObject({ delivered: 500, dead: 0 });
});

test('a server that asks for a day is asked again after ten minutes', async () => {
  const server = await LagoServer.listen();
  opened.push(server);
  server.behave = () => ({ status: 503, headers: { 'retry-after': '86400' } });
  await using run = await DeliveryRun.prepare(500, [server.address]);
  await run.start();
  const { endpoints } = await run.when(({ endpoints: [one] }) => one?.retryAt !== undefined);
  expect(Date.parse(endpoints[0]!.retryAt!) - Date.now()).toBeLessThanOrEqual(600_000);
});
