/** The built daemon with events that a server never takes: they are given up, and all others are delivered without delay. */
import { afterEach, expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { DeliveryRun } from '../support/delivery-run.ts';
import { LagoServer } from '../ship/support/lago-server.ts';
import type { Behaviour } from '../ship/support/lago-server.ts';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

const opened: LagoServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});
async function lago(): Promise<LagoServer> {
  const server = await LagoServer.listen();
  opened.push(server);
  return server;
}

const ATTACK = '/v1/<script>alert(1)</script>';
const blocked: Behaviour = {
  status: 403,
  headers: { 'content-type': 'text/html' },
  body: '<html>Forbidden by WAF</html>',
};
const everyNth =
  (n: number, uri: string) =>
  (call: number): string | undefined =>
    call % n === 0 ? uri : undefined;

test('a URI that a client chooses and a WAF refuses, in one call of 80, holds no other call up', async () => {
  const server = await lago();
  server.behave = ({ body }) => (body.includes('<script') ? blocked : 'lago');
  await using run = await DeliveryRun.prepare(20_000, [server.address], {}, everyNth(80, ATTACK));
  await run.start();
  await run.when(({ delivered }) => delivered === 19_750);
  const { held } = await run.when(({ dead }) => dead >= 50);
  expect(held).toBeNull();
  const letters = await readDeadLetters(join(run.root, 'state'));
  expect(new Set(letters.map(({ reason, answer }) => `${reason} ${answer?.status}`))).toEqual(
    new Set(['refused 403']),
  );
  const refused = server.requests.filter(({ body }) => body.includes('<script'));
  expect(refused.length / 250).toBeLessThan(25);
});

/** As the index of Lago's events has it, about. */
const isUnstorable = (event: unknown): boolean => deflateRawSync(JSON.stringify(event)).length > 2500;

test('events that the database of Lago cannot store are found at once, and their letters say why', async () => {
  const server = await lago();
  server.behave = ({ events }) =>
    events.some(isUnstorable)
      ? { status: 500, body: '{"status":500,"error":"Internal Server Error"}' }
      : 'lago';
  const signed = `/v1/${randomBytes(3000).toString('base64url')}`;
  await using run = await DeliveryRun.prepare(8000, [server.address], {}, (call) =>
    call < 8000 ? everyNth(1000, signed)(call) : undefined,
  );
  const daemon = await run.start();
  // While these are tried, `status` tells of them, and nothing else waits.
  await run.when(({ delivered, suspects }) => delivered === 7992 && suspects?.events === 8);
  const small = server.requests.filter(({ events }) => !events.some(isUnstorable));
  expect(small.length).toBeLessThan(110);
  for (let dead = 0; dead < 8;) {
    // Traffic goes on.
    await run.log(10);
    ({ dead } = await run.when(({ pending, suspects }) => pending === (suspects?.events ?? 0)));
  }
  expect(await run.settled()).toMatchObject({ dead: 8, suspects: null });
  const said = await daemon.logged(({ event }) => event === 'event_dead');
  expect(said['message']).toContain('Lago on Postgres (since v1.36) cannot store');
  const letters = await readDeadLetters(join(run.root, 'state'));
  expect(letters.map(({ answer }) => answer?.status)).toEqual(Array<number>(8).fill(500));
});

test('events that always break the connection are kept apart, and after a crash sent again, once each', async () => {
  const server = await lago();
  server.behave = ({ body }) => (body.includes('/poison') ? 'reset' : 'lago');
  await using run = await DeliveryRun.prepare(60_000, [server.address], {}, everyNth(1000, '/poison'));
  const daemon = await run.start();
  await run.when(({ delivered }) => delivered === 59_940);
  expect(server.requests.length).toBeLessThan(600 + 60 * 40);
  await daemon.kill();
  server.behave = () => 'lago';
  await run.start();
  const { dead, delivered, duplicates } = await run.settled();
  expect({ dead, sum: delivered + duplicates }).toEqual({ dead: 0, sum: 60_000 });
  expect(server.stored.size).toBe(60_000);
});
