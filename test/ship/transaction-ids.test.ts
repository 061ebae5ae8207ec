import { array, assert, asyncProperty, nat, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchIds, TransactionIds } from '../../src/ship/transaction-ids.ts';
import type { LoadedChunk } from '../../src/types.ts';
import { MemoryQueue, event } from './support/memory-queue.ts';

async function load(events: readonly string[]): Promise<LoadedChunk> {
  const queue = new MemoryQueue();
  queue.seal(events);
  return queue.load(queue.take(1)[0]!);
}

/** Which of the events get into one set. */
async function accepted(events: readonly string[], set = new BatchIds(events.length)): Promise<boolean[]> {
  set.begin(new TransactionIds(await load(events)));
  const all = events.map(() => true);
  for (let next = 0; (next = set.add(next, events.length)) < events.length; next++) all[next] = false;
  return all;
}

/** Spells an id with the escapes that the numbers choose. */
function spell(id: string, how: readonly number[]): string {
  const spelled = Array.from({ length: id.length }, (_unused, index) => {
    const unit = id[index]!;
    if (how[index % how.length] === 1) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return JSON.stringify(unit).slice(1, -1);
  });
  return `{"transaction_id":"${spelled.join('')}","code":"c"}`;
}

describe('transaction ids of a batch', () => {
  it('are the same when they read the same, whatever their spelling', async () => {
    await assert(
      asyncProperty(
        array(record({ id: string({ maxLength: 3 }), how: array(nat(1), { minLength: 1 }) }), {
          minLength: 1,
          maxLength: 60,
        }),
        async (ids) => {
          const seen = new Set<string>();
          const expected = ids.map(({ id }) => !seen.has(id) && seen.add(id) === seen);
          expect(await accepted(ids.map(({ id, how }) => spell(id, how)))).toEqual(expected);
        },
      ),
    );
  });

  it('are forgotten from one batch to the next', async () => {
    const set = new BatchIds(4);
    expect(await accepted([event('a'), event('b'), event('a')], set)).toEqual([true, true, false]);
    expect(await accepted([event('b'), event('a')], set)).toEqual([true, true]);
  });

  it('are told apart when only a part of them is equal', async () => {
    expect(await accepted([event('ab'), event('a'), event('abc'), event(''), event('ab')])).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('are the whole event where it does not begin with one', async () => {
    expect(await accepted(['{"code":"c"}', '{}', '{"code":"d"}', '{}'])).toEqual([true, true, true, false]);
  });
});
