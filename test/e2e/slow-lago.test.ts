/** The built daemon before a Lago that works, but answers late. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { LagoServer } from '../ship/support/lago-server.ts';
import type { Behaviour } from '../ship/support/lago-server.ts';
import { DeliveryRun } from '../support/delivery-run.ts';

const opened: LagoServer[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function listen(): Promise<LagoServer> {
  const server = await LagoServer.listen();
  opened.push(server);
  return server;
}

test('answers that take longer than timeout are waited for: nothing is sent twice', async () => {
  const server = await listen();
  server.behave = async (): Promise<Behaviour> => {
    await delay(700);
    return 'lago';
  };
  await using run = await DeliveryRun.prepare(5000, [server.address], { timeout: 200 });
  await run.start();
  expect(await run.settled()).toMatchObject({ delivered: 5000, duplicates: 0, dead: 0, last_error: null });
});

test('a small server is not asked for more than it can work on at a time', async () => {
  const server = await listen();
  const workers = 2;
  const waiting: (() => void)[] = [];
  let working = 0;
  server.behave = async (): Promise<Behaviour> => {
    if (working === workers) await new Promise<void>((resolve) => waiting.push(resolve));
    else working++;
    await delay(300);
    const next = waiting.shift();
    if (next === undefined) working--;
    else next();
    return 'lago';
  };
  await using run = await DeliveryRun.prepare(5000, [server.address], { timeout: 200 });
  await run.start();
  const { endpoints } = await run.when(({ delivered }) => delivered >= 3500);
  expect(endpoints[0]!.limit).toBeLessThanOrEqual(6);
  expect(await run.settled()).toMatchObject({ delivered: 5000, duplicates: 0, dead: 0, last_error: null });
});
