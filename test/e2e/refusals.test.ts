/** The built daemon in front of servers that refuse without saying what, or of which one does: nothing dies without need. */
import { afterEach, describe, expect, test } from 'vitest';
import { LagoServer } from '../ship/support/lago-server.ts';
import type { Behaviour } from '../ship/support/lago-server.ts';
import { DeliveryRun } from '../support/delivery-run.ts';

const opened: LagoServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});
async function lago(): Promise<LagoServer> {
  const server = await LagoServer.listen();
  opened.push(server);
  return server;
}

const html = { 'content-type': 'text/html' };

describe('one of two addresses that is not Lago', () => {
  test.each<[string, Behaviour]>([
    ['404', { status: 404, body: '{"status":404}' }],
    ['401', { status: 401, body: '{"status":401}' }],
    ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ['a web page', { status: 200, headers: html, body: '<html>hello</html>' }],
    ['a catch-all', { status: 200, body: 'ok' }],
    ['400 for everything', { status: 400 }],
    ['413 for everything', { status: 413, headers: html }],
  ])('is left alone, and named: %s', async (_, behaviour) => {
    const [good, bad] = [await lago(), await lago()];
    bad.behave = () => behaviour;
    await using run = await DeliveryRun.prepare(20_000, [bad.address, good.address]);
    const daemon = await run.start();
    const { dead, held, endpoints } = await run.settled();
    expect({ dead, held }).toEqual({ dead: 0, held: null });
    expect(good.stored.size).toBe(20_000);
    expect(bad.requests.length).toBeLessThan(200);
    const said = await daemon.logged(({ event }) => event === 'endpoint_held');
    expect(said['remedy']).toContain(`${bad.address}: `);
    expect(endpoints.map(({ held: one }) => one?.remedy.startsWith(`${bad.address}: `))).toEqual([
      true,
      undefined,
    ]);
  });
});

describe('a Lago that refuses everything alike for a while', () => {
  test.each<[string, Behaviour]>([
    ['400, empty', { status: 400 }],
    ['400 that names nothing', { status: 400, body: '{"status":400,"error":"Bad Request"}' }],
    ['422, null', { status: 422, body: 'null' }],
    ['422, a list', { status: 422, body: '[]' }],
    ['413, a page of NGINX', { status: 413, headers: html, body: '<html>413</html>' }],
    ['413, JSON', { status: 413, body: '{"error":"too large"}' }],
  ])('keeps every event: %s', async (_, behaviour) => {
    const server = await lago();
    let isWell = false;
    server.behave = ({ body }) => (isWell || body.length < 100 ? 'lago' : behaviour);
    await using run = await DeliveryRun.prepare(20_000, [server.address]);
    await run.start();
    const { held, dead, delivered } = await run.when((destination) => destination.held !== null);
    expect(held?.remedy).toContain('refused with this same answer');
    expect({ dead, delivered }).toEqual({ dead: 0, delivered: 0 });
    const refused = server.requests.length;
    expect(refused).toBeLessThan(500);
    isWell = true;
    expect(await run.settled()).toMatchObject({ delivered: 20_000, duplicates: 0, dead: 0 });
    // Batches are whole again.
    expect(server.requests.length - refused).toBeLessThan(1200);
  });
});

/** Five side by side in a thousand. */
const isBad = (id: string): boolean => Number(id.slice(-7)) % 1000 < 5;

test('what is really at fault is found all the same, also where several stand side by side', async () => {
  const server = await lago();
  server.behave = ({ events }) =>
    events.some(({ transaction_id: id }) => isBad(id)) ? { status: 400 } : 'lago';
  await using run = await DeliveryRun.prepare(10_000, [server.address], { concurrency: 1 });
  await run.start();
  expect(await run.settled()).toMatchObject({ delivered: 9950, duplicates: 0, dead: 50 });
});

test('bodies over some size that are cut off without an answer are sent in smaller ones', async () => {
  const server = await lago();
  server.behave = ({ body }) => (body.length > 5000 ? 'reset' : 'lago');
  await using run = await DeliveryRun.prepare(4000, [server.address]);
  await run.start();
  expect(await run.settled()).toMatchObject({ delivered: 4000, duplicates: 0, dead: 0 });
});
