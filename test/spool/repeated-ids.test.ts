import { expect, test } from 'vitest';
import { ByteWriter } from '../../src/bytes.ts';
import { RepeatedIds, transactionIdOf } from '../../src/spool/repeated-ids.ts';

/** Gives events one by one, as ranges of one event each, and says which of them repeat an id. */
class Giver {
  readonly #ids = new RepeatedIds();
  #line = 0;

  give(
    id: string,
    { subscription = 'jack', destination = 0, line = ++this.#line, code = 'calls' } = {},
  ): boolean {
    const body = new ByteWriter(16);
    const event = { transaction_id: id, external_subscription_id: subscription, code, timestamp: 1.5 };
    body.text(`${JSON.stringify(event)}\n`);
    return this.#ids.repeats(destination, body, [body.length], Int32Array.of(line)).length > 0;
  }
}

test('an id repeats when another line gave it for the same subscription at the same destination', () => {
  const giver = new Giver();
  expect(giver.give('a')).toBe(false);
  expect(giver.give('b')).toBe(false);
  expect(giver.give('a')).toBe(true);
  expect(giver.give('a', { code: 'other' })).toBe(true);
  expect(giver.give('a', { subscription: 'jill' })).toBe(false);
  expect(giver.give('a', { destination: 1 })).toBe(false);
  expect(giver.give('a', { destination: 1 })).toBe(true);
});

test('a line that is read again repeats nothing', () => {
  const giver = new Giver();
  for (const _ of [1, 2, 3]) {
    expect(giver.give('a', { line: 7 })).toBe(false);
    expect(giver.give('b', { line: -7 })).toBe(false);
  }
  expect(giver.give('a', { line: 8 })).toBe(true);
});

test('ids of any length and with escapes are told apart in every byte, and from what stands around them', () => {
  const giver = new Giver();
  const ids = [
    '',
    'x',
    '"',
    '\\',
    '\\"',
    '"\\',
    'ab\\',
    'ab"',
    'abc"',
    'abcd"',
    'ü',
    '\u0000',
    '\n',
    'a"b"c',
    '","',
  ];
  for (let length = 1; length < 12; length++) {
    for (let at = 0; at < length; at++) ids.push(`${'a'.repeat(at)}!${'a'.repeat(length - at - 1)}`);
  }
  for (const subscription of ['jack', 'ja"ck', 'jack\\']) {
    for (const id of ids) expect([id, giver.give(id, { subscription })]).toEqual([id, false]);
  }
  for (const id of ids) expect([id, giver.give(id)]).toEqual([id, true]);
  // What moves from one id to the other makes another pair.
  expect(giver.give('left', { subscription: 'right' })).toBe(false);
  expect(giver.give('lef', { subscription: 'tright' })).toBe(false);
});

test('of many events at once those are told that repeat an earlier one, in the same batch or in another', () => {
  const ids = new RepeatedIds();
  const give = (...given: readonly string[]): readonly number[] => {
    const body = new ByteWriter(16);
    const ends: number[] = [];
    for (const id of given) {
      body.text(`{"transaction_id":"${id}","external_subscription_id":"jack","code":"calls"}\n`);
      ends.push(body.length);
    }
    return ids.repeats(0, body, ends, Int32Array.from(ends));
  };
  expect(give('a', 'b', 'a', 'c', 'b', 'a')).toEqual([2, 4, 5]);
  expect(give()).toEqual([]);
  expect(give('d', 'e')).toEqual([]);
  expect(give('f', 'c')).toEqual([1]);
});

test('the recent past is some hundred thousand ids, and none of them is ever taken for another', () => {
  const ids = new RepeatedIds();
  const batch = (first: number, line: number): number => {
    const body = new ByteWriter(256 * 1024);
    const ends: number[] = [];
    for (let i = first; i < first + 2000; i++) {
      body.text(`{"transaction_id":"id-${i}","external_subscription_id":"jack","code":"calls"}\n`);
      ends.push(body.length);
    }
    return ids.repeats(0, body, ends, new Int32Array(2000).fill(line)).length;
  };
  for (let first = 0; first < 700_000; first += 2000) expect(batch(first, 1)).toBe(0);
  let remembered = 0;
  for (let first = 600_000; first < 700_000; first += 2000) remembered += batch(first, 2);
  // Newer ids that fell into the same bucket took the place of some.
  expect(remembered).toBeGreaterThan(60_000);
});

test('bytes that are no event of ours are taken as they are', () => {
  const ids = new RepeatedIds();
  const body = new ByteWriter(16);
  body.text('{"transaction_id":"x"}');
  expect(ids.repeats(0, body, [22], Int32Array.of(1))).toEqual([]);
  expect(ids.repeats(0, body, [22], Int32Array.of(2))).toEqual([0]);
  body.length = 0;
  expect(ids.repeats(1, body, [0], Int32Array.of(1))).toEqual([]);
});

test('the id of an event can be told', () => {
  const body = new ByteWriter(16);
  body.text('{"transaction_id":"a"}\n{"transaction_id":"b\\"\\u00e9","code":"c"}\n');
  expect(transactionIdOf(body, 0, 23)).toBe('a');
  expect(transactionIdOf(body, 23, body.length)).toBe('b"é');
});
