import { expect, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { call, openSandbox, sendBatch } from './support.ts';

const events = (...ids: string[]) =>
  ids.map((id) => ({ transaction_id: id, external_subscription_id: 's', code: 'c' }));

test('the next requests are answered as told, then all is well again', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.next(2, { kind: 'answer', status: 500 });
  sandbox.faults.next(1, { kind: 'answer', status: 503, body: '<html>' });
  expect(await sendBatch(sandbox, events('a'))).toEqual({
    status: 500,
    body: { status: 500, error: 'Internal Server Error' },
  });
  expect((await sendBatch(sandbox, events('a'))).status).toBe(500);
  expect(sandbox.faults.waiting).toBe(1);
  await expect(sendBatch(sandbox, events('a'))).rejects.toThrow('JSON');
  expect(sandbox.store.size).toBe(0);
  expect((await sendBatch(sandbox, events('a'))).status).toBe(200);
  expect(sandbox.store.counts()).toMatchObject({ requests: 4, accepted: 1 });
});

test('an answer can have headers and any body', async () => {
  const sandbox = await openSandbox();
  const body = { status: 422, error_details: { 0: 'expression_evaluation_failed: Variable: b not found' } };
  sandbox.faults.next(1, { kind: 'answer', status: 429, headers: { 'X-RateLimit-Reset': '7' }, body });
  const response = await fetch(`${sandbox.url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer lago_sandbox_key' },
  });
  expect(response.headers.get('x-ratelimit-reset')).toBe('7');
  expect(await response.json()).toEqual(body);
});

test('a connection is reset before the events are stored', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.next(1, { kind: 'reset', when: 'before' });
  await expect(sendBatch(sandbox, events('a'))).rejects.toThrow('fetch failed');
  expect(sandbox.store.size).toBe(0);
});

test('an answer is lost after the events are stored, also one that says no', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.next(2, { kind: 'reset', when: 'after' });
  await expect(sendBatch(sandbox, events('a'))).rejects.toThrow('fetch failed');
  expect(sandbox.store.transactionIds()).toEqual(['a']);
  await expect(sendBatch(sandbox, events('a', 'b'))).rejects.toThrow('fetch failed');
  expect(sandbox.store.transactionIds()).toEqual(['a']);
  expect((await sendBatch(sandbox, events('a'))).status).toBe(422);
});

test('a request hangs until its client gives up, with its events stored or not', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.next(1, { kind: 'hang', when: 'after' });
  const controller = new AbortController();
  const hanging = post(sandbox, events('a'), controller.signal);
  await sandbox.store.stored(1);
  controller.abort(new Error('gave up'));
  await expect(hanging).rejects.toThrow('gave up');
  expect((await sendBatch(sandbox, events('b'))).status).toBe(200);
});

test('closing the sandbox cuts the requests that hang', async () => {
  const sandbox = await createSandbox();
  sandbox.faults.always({ kind: 'hang', when: 'after' });
  const hanging = post(sandbox, events('a'));
  hanging.catch(() => undefined);
  await sandbox.store.stored(1);
  await sandbox.close();
  await expect(hanging).rejects.toThrow('fetch failed');
});

test('an outage lasts until it is cleared, and other requests do not notice', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.always({ kind: 'answer', status: 503 });
  for (let i = 0; i < 3; i++) expect((await sendBatch(sandbox, events('a'))).status).toBe(503);
  expect((await call(sandbox, 'GET', '/events')).status).toBe(200);
  sandbox.faults.clear();
  expect((await sendBatch(sandbox, events('a'))).status).toBe(200);
});

test('a plan decides for each request, and late answers are answers', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.always((request) =>
    request % 2 === 1 ? { kind: 'answer', status: 500 } : { kind: 'delay', ms: 1 },
  );
  expect((await sendBatch(sandbox, events('a'))).status).toBe(500);
  expect((await sendBatch(sandbox, events('a'))).status).toBe(200);
  expect((await sendBatch(sandbox, events('b'))).status).toBe(500);
  expect((await sendBatch(sandbox, events('a'))).status).toBe(422);
});

test('a plan knows how many events a request carries', async () => {
  const sandbox = await openSandbox();
  sandbox.faults.always((_request, count) => (count > 1 ? { kind: 'answer', status: 500 } : undefined));
  expect((await sendBatch(sandbox, events('a', 'b'))).status).toBe(500);
  expect((await sendBatch(sandbox, events('a'))).status).toBe(200);
});

test('the log has a line for each answer', async () => {
  const entries: { method: string; path: string; status: number }[] = [];
  const answered = Promise.withResolvers<void>();
  const sandbox = await openSandbox({
    logger: ({ method, path, status }) => {
      entries.push({ method, path, status });
      answered.resolve();
    },
  });
  await call(sandbox, 'GET', '/events?page=1');
  await answered.promise;
  expect(entries).toEqual([{ method: 'GET', path: '/api/v1/events?page=1', status: 200 }]);
});

test('a port that is taken is an error', async () => {
  const sandbox = await openSandbox();
  await expect(createSandbox({ port: sandbox.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a sandbox without keys is refused', async () => {
  await expect(createSandbox({ keys: [] })).rejects.toThrow('at least one key');
});

function post(sandbox: Sandbox, batch: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${sandbox.url}/api/v1/events/batch`, {
    method: 'POST',
    headers: { authorization: 'Bearer lago_sandbox_key', 'content-type': 'application/json' },
    body: JSON.stringify({ events: batch }),
    ...(signal && { signal }),
  });
}
