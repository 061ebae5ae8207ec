import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/ship/batch.ts';
import { ChunkDelivery } from '../../src/ship/chunk-delivery.ts';
import { EchoCheck } from '../../src/ship/echo-check.ts';
import { BatchIds } from '../../src/ship/transaction-ids.ts';
import { MemoryQueue, event } from './support/memory-queue.ts';

async function batchOf(sent: readonly string[]): Promise<Batch> {
  const queue = new MemoryQueue();
  queue.seal(sent);
  const loaded = await queue.load(queue.take(1)[0]!);
  return new ChunkDelivery(loaded, { settled: () => {} }).nextBatch(100, Infinity, new BatchIds(100))!;
}

/** @param pieceBytes how the body is cut */
function confirms(batch: Batch, body: string | Buffer, pieceBytes = Infinity): boolean {
  const bytes = Buffer.from(body as string);
  const check = new EchoCheck(batch);
  const size = Math.min(pieceBytes, bytes.length || 1);
  for (let at = 0; at < bytes.length; at += size) check.take(bytes.subarray(at, at + size));
  return check.isConfirmed;
}

/** As Lago answers it. */
function stored(sent: readonly string[], change: object = {}): object[] {
  return sent.map((text) => {
    const { transaction_id, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return {
      lago_id: null,
      transaction_id,
      lago_customer_id: null,
      properties: {},
      ...rest,
      created_at: null,
      ...change,
    };
  });
}

const three = [event('a'), event('b', 'sub', { properties: { text: 'x'.repeat(300) } }), event('c')];

describe("Lago's answer", () => {
  it.each([Infinity, 1, 2, 15, 16, 17, 64, 1000])('is known in pieces of %d bytes', async (pieceBytes) => {
    const batch = await batchOf(three);
    for (const space of [0, 2, 7]) {
      expect(confirms(batch, JSON.stringify({ events: stored(three) }, null, space), pieceBytes)).toBe(true);
    }
    expect(
      confirms(
        batch,
        `\uFEFF \n${JSON.stringify({ status: 200, more: [{ events: [] }], events: stored(three) })}\r\n`,
        pieceBytes,
      ),
    ).toBe(true);
  });

  it('is known whatever it adds to each event, and in whatever order its keys stand', async () => {
    const sent = Array.from({ length: 100 }, (_, i) =>
      event(`id-${i}`, 'sub', { properties: { text: 'y'.repeat((i * 37) % 200) } }),
    );
    const batch = await batchOf(sent);
    const events = stored(sent).map((one, i) => ({
      code: 'calls',
      properties: { transaction_id: 'of the customer', nested: [{ transaction_id: `id-${i + 1}` }] },
      pad: 'z'.repeat((i * 13) % 50),
      ...one,
    }));
    expect(confirms(batch, JSON.stringify({ events }))).toBe(true);
    expect(confirms(batch, JSON.stringify({ events: stored(sent) }))).toBe(true);
    expect(confirms(batch, `{"events":[${sent.join()}]}`)).toBe(true);
  });

  it('is known when ids come back escaped in another way, or as numbers', async () => {
    const sent = [event('a/b<é>"\\'), event('17'), event('😀')];
    const batch = await batchOf(sent);
    const body = String.raw`{"events":[{"transaction_id":"a\/b\u003c\u00e9\u003e\u0022\\"},{"transaction_id":17},{"transaction_id":"\ud83d\uDE00"}]}`;
    for (const size of [Infinity, 1, 7]) expect(confirms(batch, body, size)).toBe(true);
  });

  it('about a single event may be that of the endpoint for one', async () => {
    expect(
      confirms(await batchOf([event('a')]), `{"event":${JSON.stringify(stored([event('a')])[0])}}`),
    ).toBe(true);
    expect(confirms(await batchOf(three), `{"event":${JSON.stringify(stored(three)[0])}}`)).toBe(false);
  });
});

describe('any other success', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['a word', 'ok'],
    ['a number', '200'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['an empty list', '[]'],
    ['no events', '{"events":[]}'],
    ['no list', '{"events":{}}'],
    ['a list of its own', JSON.stringify(stored(three))],
    ['fewer events', JSON.stringify({ events: stored(three).slice(0, 2) })],
    ['other events', JSON.stringify({ events: stored([event('x'), event('y'), event('z')]) })],
    ['a hole in the middle', JSON.stringify({ events: stored([event('a'), event('c')]) })],
    ['the events below another key', JSON.stringify({ json: { events: stored(three) } })],
    ['the events as text', JSON.stringify({ data: JSON.stringify({ events: stored(three) }) })],
    ['a body that is cut off', JSON.stringify({ events: stored(three) }).slice(0, -1)],
    ['a page', '<html>ok</html>'],
    ['an opening quote without an end', `{"${'x'.repeat(10_000)}`],
  ])('is not: %s', async (_, body) => {
    const batch = await batchOf(three);
    for (const size of [Infinity, 1, 100]) expect(confirms(batch, body, size)).toBe(false);
  });

  it('never holds more of a body than an id may take', async () => {
    const check = new EchoCheck(await batchOf(three));
    check.take(Buffer.from('{"events":[{"transaction_id":"'));
    const piece = Buffer.alloc(64 * 1024, 'a');
    const began = performance.now();
    for (let i = 0; i < 1000; i++) check.take(piece);
    expect(check.isConfirmed).toBe(false);
    // Were it put together with each piece, it would take minutes.
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

it('agrees with JSON.parse about any events, however the answer is written and cut', async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 })), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.jsonValue({ maxDepth: 2 }),
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 0, max: 3 }),
    fc.option(fc.nat(7)),
    async (ids, properties, pieceBytes, space, missing) => {
      const sent = ids.map((id) => event(id.toWellFormed(), 'sub', { properties }));
      fc.pre(new Set(sent).size === sent.length);
      const batch = await batchOf(sent);
      fc.pre(batch.events.length === sent.length);
      const events = stored(sent).filter((_, i) => i !== missing);
      const body = JSON.stringify({ events }, null, space);
      expect(confirms(batch, body, pieceBytes)).toBe(events.length === sent.length);
    },
  );
  await fc.assert(property);
});
