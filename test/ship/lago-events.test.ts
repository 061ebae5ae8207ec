import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { LagoDestinationConfig } from '../../src/config/types.ts';
import { parseConfig } from '../../src/config/load.ts';
import { LagoEvents } from '../../src/ship/lago-events.ts';
import type { Clock } from '../../src/types.ts';

/** A Lago that answers as it is told, one answer per request; and a clock that remembers for how long it was asked to wait. */
class Rig implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly waits: number[] = [];
  readonly #server = createServer((request, response) => {
    this.requests.push(request);
    const answer = this.answers.shift();
    if (answer === undefined) response.destroy();
    else answer(response);
  });
  readonly answers: ((response: ServerResponse) => void)[];

  static async start(...answers: ((response: ServerResponse) => void)[]): Promise<Rig> {
    const rig = new Rig(answers);
    await new Promise<void>((resolve) => rig.#server.listen(0, '127.0.0.1', resolve));
    return rig;
  }

  private constructor(answers: ((response: ServerResponse) => void)[]) {
    this.answers = answers;
  }

  async list(more: Partial<LagoDestinationConfig> = {}): Promise<string[]> {
    const { port } = this.#server.address() as AddressInfo;
    const clock: Clock = {
      now: () => 1_790_000_000_000,
      sleep: (ms) => {
        this.waits.push(ms);
        return Promise.resolve();
      },
    };
    const lago = new LagoEvents({ ...lagoAt(`http://127.0.0.1:${port}`), ...more }, clock, 'tailmeter/1.2.3');
    const ids: string[] = [];
    try {
      for await (const page of lago.list({ subscription: 'a & b', fromMs: 0, toMs: 1500 })) {
        for (const { transaction_id: id } of page) ids.push(id);
      }
      return ids;
    } finally {
      await lago.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function lagoAt(address: string): LagoDestinationConfig {
  const config = {
    state_dir: '/state',
    sources: [{ path: '/log', format: 'json' }],
    rules: [{ name: 'r', event_code: 'c', event_transaction_id: '${id}', event_subscription_id: '${s}' }],
    destinations: [{ name: 'lago', endpoint_addrs: [address], token: 'the-key' }],
  };
  const [destination] = parseConfig(JSON.stringify(config), '/tailmeter.json').destinations;
  if (destination === undefined) throw new Error('no destination');
  return destination;
}

const page = (ids: readonly string[], next: number | null) => (response: ServerResponse) => {
  const events = ids.map((id) => ({ transaction_id: id, code: 'c', timestamp: '2026-11-20T00:00:00.000Z' }));
  response.end(JSON.stringify({ events, meta: { next_page: next } }));
};
const answer =
  (status: number, headers: Record<string, string> = {}, body = '{}') =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };

test('all pages of a window are asked for, one after the other', async () => {
  await using rig = await Rig.start(page(['a', 'b'], 2), page(['c'], 3), page([], null));
  expect(await rig.list()).toEqual(['a', 'b', 'c']);
  const urls = rig.requests.map(({ url }) => new URL(url ?? '', 'http://lago'));
  expect(urls.map(({ pathname, searchParams }) => [pathname, ...searchParams.values()])).toEqual(
    ['1', '2', '3'].map((number) => [
      '/api/v1/events',
      'a & b',
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:01.500Z',
      number,
      '100',
    ]),
  );
  expect(rig.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer the-key',
    'user-agent': 'tailmeter/1.2.3',
  });
});

test('a Lago under another path is asked there', async () => {
  await using rig = await Rig.start(page([], null));
  await rig.list({ endpoint_uri: '/lago/api/v1/events/batch' });
  expect(rig.requests[0]?.url).toMatch(/^\/lago\/api\/v1\/events\?/);
});

test('a rate limit is waited for, as often as it takes', async () => {
  const limited = Array.from({ length: 7 }, () => answer(429, { 'retry-after': '3' }));
  await using rig = await Rig.start(...limited, answer(429, { 'x-ratelimit-reset': '2' }), page(['a'], null));
  expect(await rig.list()).toEqual(['a']);
  expect(rig.waits).toEqual([3000, 3000, 3000, 3000, 3000, 3000, 3000, 2000]);
});

test('a Lago that fails is asked again a few times', async () => {
  await using rig = await Rig.start(
    answer(500),
    (response) => response.destroy(),
    answer(200, {}, 'no JSON'),
    answer(429),
    page(['a'], null),
  );
  expect(await rig.list()).toEqual(['a']);
  expect(rig.waits).toEqual([1000, 2000, 3000, 4000]);
});

test('one that goes on failing, or refuses, is told with its answer and without the key', async () => {
  await using failing = await Rig.start(...Array.from({ length: 5 }, () => answer(503, {}, 'down')));
  await expect(failing.list()).rejects.toMatchObject({
    code: 'TM_LAGO_ANSWER',
    message: expect.stringContaining('status: 503, body: down'),
  });
  await using refusing = await Rig.start(answer(401, {}, 'bad key the-key'));
  await expect(refusing.list()).rejects.toMatchObject({
    message: expect.stringContaining('status: 401, body: bad key [redacted]'),
  });
  expect(refusing.requests).toHaveLength(1);
});
