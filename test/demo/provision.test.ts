import { expect, onTestFinished, test } from 'vitest';
import { LagoClient } from '../../src/demo/lago-client.ts';
import { provision } from '../../src/demo/provision.ts';
import { createSandbox, DEFAULT_KEY } from '../../src/sandbox/server.ts';

test('provisioning twice is the same as once', async () => {
  const sandbox = await createSandbox();
  onTestFinished(() => sandbox.close());
  const access = { url: sandbox.url, key: DEFAULT_KEY };
  await provision(access);
  await provision(access);
  expect(await new LagoClient(access).usage('jack', 'jack_test')).toEqual({
    amountCents: 0,
    currency: 'USD',
    events: 0,
    prices: [
      { values: { tier: ['expensive'] }, events: 0, amountCents: 0 },
      { values: null, events: 0, amountCents: 0 },
    ],
  });
});

test('what Lago refuses is an error with its answer', async () => {
  const sandbox = await createSandbox();
  onTestFinished(() => sandbox.close());
  await expect(provision({ url: sandbox.url, key: 'wrong' })).rejects.toThrow(
    'GET /billable_metrics/test: Lago answered 401: {"status":401,"error":"Unauthorized"}',
  );
  await expect(new LagoClient({ url: sandbox.url, key: DEFAULT_KEY }).usage('eva', 's')).rejects.toThrow(
    'Lago knows no customer eva',
  );
});
