import { describe, expect, test } from 'vitest';
import { emptyCheckpoint } from '../../src/spool/checkpoint.ts';
import { Ledger } from '../../src/spool/ledger.ts';
import type { Generation } from '../../src/types.ts';

const generation = (ino: string): Generation => ({
  dev: '1',
  ino,
  fingerprint: `f${ino}`,
  fingerprintBytes: 10,
  path: '/a.log',
});

const books = (events: number, dead: number): Ledger => {
  const ledger = new Ledger(emptyCheckpoint);
  Object.assign(ledger.destination('lago'), { events, delivered: 2, duplicates: 1, dead });
  return ledger;
};

describe('the books, compared with the chunks that are there', () => {
  test.each([
    { books: 'agree', events: 10, dead: 2, waiting: 5, after: { events: 10, dead: 2 }, gone: 0 },
    { books: 'miss a chunk', events: 10, dead: 2, waiting: 1, after: { events: 10, dead: 6 }, gone: 4 },
    { books: 'miss all', events: 10, dead: 2, waiting: 0, after: { events: 10, dead: 7 }, gone: 5 },
    { books: 'get one back', events: 10, dead: 2, waiting: 7, after: { events: 10, dead: 0 }, gone: -2 },
    { books: 'find more', events: 10, dead: 2, waiting: 9, after: { events: 12, dead: 0 }, gone: -4 },
  ])('$books', ({ events, dead, waiting, after, gone }) => {
    const ledger = books(events, dead);
    expect(ledger.reconcile('lago', waiting)).toBe(gone);
    const counts = ledger.destination('lago');
    expect(counts).toMatchObject({ ...after, delivered: 2, duplicates: 1 });
    expect(counts.events).toBe(counts.delivered + counts.duplicates + counts.dead + waiting);
  });
});

describe('generations', () => {
  test('start once, and again when they had ended or go on elsewhere', () => {
    const ledger = new Ledger(emptyCheckpoint);
    const first = generation('7');
    expect(ledger.started('a.log', first, 0)).toBe(true);
    expect(ledger.started('a.log', first, 0)).toBe(false);
    ledger.ended('a.log', first, 100);
    expect(ledger.position('a.log', first)).toMatchObject({ offset: 100, ended: true });
    expect(ledger.started('a.log', first, 100)).toBe(true);
    expect(ledger.position('a.log', first)).toMatchObject({ offset: 100, ended: false });
    expect(ledger.started('a.log', first, 0)).toBe(true);
  });

  test('that are renamed keep their position, under the new name', () => {
    const ledger = new Ledger(emptyCheckpoint);
    ledger.started('a.log', generation('7'), 0);
    expect(ledger.started('a.log', { ...generation('7'), path: '/a.log.1' }, 0)).toBe(false);
    expect(ledger.position('a.log', generation('7'))?.path).toBe('/a.log.1');
  });

  test('that ended are remembered, the last thousand of each source', () => {
    const ledger = new Ledger(emptyCheckpoint);
    ledger.started('a.log', generation('open'), 0);
    for (let ino = 0; ino < 1010; ino++) ledger.ended('a.log', generation(String(ino)), 1);
    ledger.ended('b.log', generation('0'), 1);
    expect(ledger.sources().get('a.log')?.positions).toHaveLength(1001);
    expect(ledger.position('a.log', generation('9'))).toBeUndefined();
    expect(ledger.position('a.log', generation('10'))).toBeDefined();
    expect(ledger.position('a.log', generation('open'))).toBeDefined();
    expect(ledger.position('b.log', generation('0'))).toBeDefined();
  });
});

test('a snapshot gives the same books again', () => {
  const ledger = books(10, 2);
  ledger.started('a.log', generation('7'), 5);
  ledger.ended('a.log', generation('6'), 9);
  ledger.cover(41);
  ledger.settled('lago', 40, { delivered: 1, duplicates: 0, dead: 0 });
  const snapshot = ledger.snapshot();
  const again = new Ledger(JSON.parse(JSON.stringify(snapshot)) as typeof snapshot);
  expect(again.snapshot()).toEqual(snapshot);
  expect([...again.settledChunks]).toEqual([[40, 'lago']]);
  // And is a copy: what happens afterwards does not change it.
  const before = JSON.stringify(snapshot);
  ledger.settled('lago', 41, { delivered: 1, duplicates: 0, dead: 0 });
  ledger.ended('a.log', generation('7'), 50);
  expect(JSON.stringify(snapshot)).toBe(before);
});
