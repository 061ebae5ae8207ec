import { expect, test } from 'vitest';
import { ByteWriter } from '../../src/bytes.ts';
import { KernelMemory, taken } from '../../src/kernel/memory.ts';
import { BUFFER_BYTES, EventBuffer } from '../../src/spool/event-buffer.ts';
import { idsBytes, RepeatedIds, transactionIdOf } from '../../src/spool/repeated-ids.ts';

const memory = (): KernelMemory => new KernelMemory({ blocks: idsBytes(2) });

/** Stands for a log. */
const SEED = 0x5eed;

/** Events, each from the line at its offset; or all from one line. */
function eventsOf(events: readonly string[], offset?: number): EventBuffer {
  const buffer = new EventBuffer();
  for (const [i, event] of events.entries()) {
    buffer.next().text(event);
    buffer.add(offset ?? i);
  }
  return buffer;
}

const eventWith = (id: string): string =>
  `{"transaction_id":"${id}","external_subscription_id":"jack","code":"calls"}`;

/** Gives events one by one, as ranges of one event each, and says which of them repeat an id. */
class Giver {
  readonly #ids = new RepeatedIds(memory(), 2);
  #line = 0;

  give(
    id: string,
    { subscription = 'jack', destination = 0, line = ++this.#line, code = 'calls' } = {},
  ): boolean {
    const event = { transaction_id: id, external_subscription_id: subscription, code, timestamp: 1.5 };
    return this.#ids.look(destination, eventsOf([JSON.stringify(event)], line), SEED).repeats.length > 0;
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
  const ids = new RepeatedIds(memory(), 2);
  const give = (...given: readonly string[]): readonly number[] =>
    ids.look(0, eventsOf(given.map(eventWith)), SEED).repeats;
  expect(give('a', 'b', 'a', 'c', 'b', 'a')).toEqual([2, 4, 5]);
  expect(give()).toEqual([]);
  expect(give('d', 'e')).toEqual([]);
  expect(give('f', 'c')).toEqual([1]);
});

test('events in the memory of the kernel, and more than are looked at at once, are told as well', () => {
  const memory = new KernelMemory({ blocks: idsBytes(2) + taken(BUFFER_BYTES) });
  const ids = new RepeatedIds(memory, 2);
  const events = new EventBuffer(memory.block(BUFFER_BYTES).buffer);
  for (const [line, id] of ['a', 'b', 'a', 'long '.repeat(20), 'a'].entries()) {
    events.next().text(eventWith(id));
    events.add(line);
  }
  expect(ids.look(0, events, SEED).repeats).toEqual([2, 4]);
  const [a, b, ...more] = events.idHashes;
  expect(more).toEqual([a, more[1], a]);
  expect(new Set([a, b, more[1]]).size).toBe(3);

  const many = eventsOf(Array.from({ length: 10_000 }, (_, i) => eventWith(`id-${i % 9000}`)));
  expect(ids.look(1, many, SEED).repeats).toEqual(Array.from({ length: 1000 }, (_, i) => 9000 + i));
  expect(many.idHashes[0]).toBe(many.idHashes[9000]);
});

test('the recent past is the last hundred thousand ids, and none of them is ever taken for another', () => {
  const ids = new RepeatedIds(memory(), 2);
  const batch = (first: number, line: number): number => {
    const given = Array.from({ length: 2000 }, (_, i) => eventWith(`id-${first + i}`));
    return ids.look(0, eventsOf(given, line), SEED).repeats.length;
  };
  for (let first = 0; first < 300_000; first += 2000) expect(batch(first, 1)).toBe(0);
  let remembered = 0;
  for (let first = 200_000; first < 300_000; first += 2000) remembered += batch(first, 2);
  // Newer ids that fell into the same bucket took the place of some.
  expect(remembered).toBeGreaterThan(60_000);
});

test('bytes that are no event of ours are taken as they are', () => {
  const ids = new RepeatedIds(memory(), 2);
  const cut = '{"transaction_id":"x"}';
  expect(ids.look(0, eventsOf([cut], 1), SEED).repeats).toEqual([]);
  expect(ids.look(0, eventsOf([cut], 2), SEED).repeats).toEqual([0]);
  expect(ids.look(1, eventsOf([''], 1), SEED).repeats).toEqual([]);
});

test('a line of one log is another one than the line at the same place of another log', () => {
  const ids = new RepeatedIds(memory(), 2);
  const event = eventWith('a');
  expect(ids.look(0, eventsOf([event], 5_000_000_000), SEED).repeats).toEqual([]);
  expect(ids.look(0, eventsOf([event], 5_000_000_000), SEED).repeats).toEqual([]);
  expect(ids.look(0, eventsOf([event], 5_000_000_000), SEED + 1).repeats).toEqual([0]);
  expect(ids.look(0, eventsOf([event], 705_032_704), SEED).repeats).toEqual([0]);
});

test('the id of an event can be told', () => {
  const body = new ByteWriter(16);
  body.text('{"transaction_id":"a"}\n{"transaction_id":"b\\"\\u00e9","code":"c"}\n');
  expect(transactionIdOf(body, 0, 23)).toBe('a');
  expect(transactionIdOf(body, 23, body.length)).toBe('b"é');
});

test('an equal line at an equal place of another log repeats an id: the log is named, and only that', () => {
  const ids = new RepeatedIds(memory(), 2);
  const from = (log: number, line: number, seed = SEED): unknown => {
    const { repeats, twins } = ids.look(0, eventsOf([eventWith('a')], line), seed, log);
    return [repeats, twins];
  };
  expect(from(1, 7)).toEqual([[], []]);
  expect(from(1, 7)).toEqual([[], []]);
  expect(from(2, 7)).toEqual([[], [[0, 1]]]);
  expect(from(0, 7)).toEqual([[], []]);
  expect(from(255, 7)).toEqual([[], [[0, 1]]]);
  expect(from(2, 8)).toEqual([[0], []]);
  expect(from(2, 7, SEED + 1)).toEqual([[0], []]);
});

const eventOf = (subscription: string, i: number): string =>
  JSON.stringify({ transaction_id: `t${i}`, external_subscription_id: subscription, code: ' ' });

test('events whose subscription begins or ends with a space are counted, and the first is named', () => {
  const ids = new RepeatedIds(memory(), 2);
  const names = ['acme', 'a cme', 'acme ', ' acme', 'acme"', ' '];
  expect(ids.look(0, eventsOf(names.map(eventOf)), SEED)).toMatchObject({ padded: 3, firstPadded: 2 });
  expect(ids.look(0, eventsOf(['b'].map(eventOf)), SEED)).toMatchObject({ padded: 0 });
});
