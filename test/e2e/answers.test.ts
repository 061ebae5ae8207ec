/** The built daemon under servers whose answers are wrong, gigantic or without an end. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { LagoServer, unprocessable } from '../ship/support/lago-server.ts';
import { RawServer, answer, flood, type Write } from '../ship/support/raw-server.ts';
import { DeliveryRun } from '../support/delivery-run.ts';
import { tailmeter } from '../support/tailmeter.ts';

const MIB = 1024 ** 2;
const DUPLICATE = { transaction_id: ['value_already_exist'] };

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
async function lago(): Promise<LagoServer> {
  const server = await LagoServer.listen();
  opened.push(server);
  return server;
}
async function raw(write: Write): Promise<RawServer> {
  const server = await RawServer.listen();
  server.write = write;
  opened.push(server);
  return server;
}

describe('an answer that names an event twice', () => {
  test.each<[string, object]>([
    ['as a duplicate', { '0': DUPLICATE, '00': DUPLICATE }],
    ['as refused', { '0': 'bad', '00': 'bad' }],
    ['as both', { '0': DUPLICATE, '000': 'bad' }],
  ])('%s neither ends the daemon nor settles an event that was not stored', async (_, details) => {
    const server = await lago();
    let honest = false;
    server.behave = (_request, index) =>
      index === 0 ? unprocessable(details) : honest ? 'lago' : { status: 503 };
    await using run = await DeliveryRun.prepare(2, [server.address]);
    const daemon = await run.start();
    await server.received(2);
    expect(await daemon.stop()).toBe(0);
    honest = true;
    await run.start();
    expect(await run.settled()).toMatchObject({ delivered: 2, duplicates: 0, dead: 0 });
    expect(server.stored.size).toBe(2);
    const { stdout, code } = await tailmeter(['audit', '--config', run.config]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });
});

test('details that are nested 5,000 deep do not end the daemon', async () => {
  const server = await lago();
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  const body = `{"status":422,"error_details":{"0":${deep}}}`;
  server.behave = (_request, index) => (index === 0 ? { status: 422, body } : 'lago');
  await using run = await DeliveryRun.prepare(100, [server.address]);
  await run.start();
  expect(await run.settled()).toMatchObject({ delivered: 99, dead: 1 });
});

describe('memory stays bounded under', () => {
  const filler = Buffer.alloc(64 * 1024, 'x');
  const endless =
    (status: number, headers = ''): Write =>
    (socket) => {
      socket.write(`HTTP/1.1 ${status} X\r\n${headers}\r\n`);
      flood(socket, () => filler);
    };
  const bomb = answer(422, gzipSync(Buffer.alloc(500 * MIB)), { 'content-encoding': 'gzip' });
  test.each<[string, Write]>([
    ['bodies without an end', endless(200)],
    ['refusals without an end', endless(422, 'content-type: application/json\r\n')],
    ['failures without an end', endless(500)],
    [
      'headers without an end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        flood(socket, () => 'x-more: and more\r\n'.repeat(1000));
      },
    ],
    [
      'interim answers without an end',
      (socket) => flood(socket, () => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)),
    ],
    ['bodies that unpack to 500 MiB', (socket) => void socket.write(bomb)],
  ])('%s, and everything is delivered afterwards', async (_, misbehave) => {
    const calm = await lago();
    let requests = 0;
    const wild = await raw((socket, body, index) => {
      requests++;
      // Long enough that every request in flight met it several times.
      if (index < 100) misbehave(socket, body, index);
      else socket.write(answer(200, body));
    });
    // Two endpoints: one that works makes the other one be asked again and again at full speed.
    await using run = await DeliveryRun.prepare(20_000, [wild.address, calm.address], { retry_delay: 0 });
    const daemon = await run.start();
    const { dead, lost } = await run.settled();
    expect({ dead, lost }).toEqual({ dead: 0, lost: 0 });
    expect(requests).toBeGreaterThan(3);
    expect(await daemon.peakMemory()).toBeLessThan(110 * MIB);
  });
});
