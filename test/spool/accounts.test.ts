import { expect, test } from 'vitest';
import { emptyCheckpoint } from '../../src/spool/checkpoint.ts';
import { Ledger } from '../../src/spool/ledger.ts';
import type { Generation, SourceCounts } from '../../src/types.ts';

const generation: Generation = {
  dev: '1',
  ino: '2',
  fingerprint: 'f'.repeat(32),
  fingerprintBytes: 9,
  path: '/a',
};
const some: SourceCounts = { lines: 4, skipped: 1, dead: 1, mapped: 2, repeated: 1 };
const none: SourceCounts = { lines: 0, skipped: 0, dead: 0, mapped: 0, repeated: 0 };

function seal(ledger: Ledger, from: number, to: number, counts = some): void {
  ledger.sealed({ source: 'a', generation, from, to, counts, events: [] });
}
const account = (ledger: Ledger) => ledger.position('a', generation);

test('the account of a generation covers what was sealed since it was first read', () => {
  const ledger = new Ledger(emptyCheckpoint);
  ledger.started('a', generation, 100);
  expect(account(ledger)).toEqual({ ...generation, start: 100, offset: 100, ended: false, counts: none });
  seal(ledger, 100, 200);
  seal(ledger, 200, 250, { ...none, lines: 1, skipped: 1 });
  const counts = { ...some, lines: 5, skipped: 2 };
  expect(account(ledger)).toMatchObject({ start: 100, offset: 250, ended: false, counts });
  ledger.ended('a', generation, 250);
  expect(account(ledger)).toMatchObject({ start: 100, offset: 250, ended: true, counts });
  // A writer that was late, or a restart.
  expect(ledger.started('a', generation, 250)).toBe(true);
  expect(ledger.started('a', generation, 250)).toBe(false);
  expect(account(ledger)).toMatchObject({ start: 100, offset: 250, ended: false, counts });
});

test('a checkpoint keeps the accounts, and changes after it was taken are not in it', () => {
  const ledger = new Ledger(emptyCheckpoint);
  seal(ledger, 0, 200);
  const books = structuredClone(ledger.snapshot());
  const snapshot = ledger.snapshot();
  seal(ledger, 200, 300);
  expect(snapshot).toEqual(books);
  const again = new Ledger({ ...emptyCheckpoint, ...books });
  expect(account(again)).toMatchObject({ start: 0, offset: 200, counts: some });
});

test('a generation that is read from elsewhere has a new account; the totals of the source go on', () => {
  const ledger = new Ledger(emptyCheckpoint);
  seal(ledger, 0, 200);
  expect(ledger.started('a', generation, 0)).toBe(true);
  expect(account(ledger)).toMatchObject({ start: 0, offset: 0, counts: none });
  seal(ledger, 0, 50);
  expect(account(ledger)).toMatchObject({ start: 0, offset: 50, counts: some });
  expect(ledger.sources().get('a')?.counts).toMatchObject({ lines: 8, repeated: 2 });
});

test('when lines become something else, all accounts begin anew where reading stands', () => {
  const ledger = new Ledger(emptyCheckpoint);
  seal(ledger, 0, 200);
  ledger.restartAccounts();
  expect(account(ledger)).toMatchObject({ start: 200, offset: 200, counts: none });
  expect(ledger.sources().get('a')?.counts).toEqual(some);
});

test('dead events without a letter are counted, and no more when their chunk comes back', () => {
  const ledger = new Ledger(emptyCheckpoint);
  ledger.sealed({ source: 'a', generation, from: 0, to: 9, counts: some, events: [['lago', 10]] });
  expect(ledger.reconcile('lago', 4)).toBe(6);
  expect(ledger.destination('lago')).toMatchObject({ events: 10, dead: 6, lost: 6 });
  expect(ledger.reconcile('lago', 7)).toBe(-3);
  expect(ledger.destination('lago')).toMatchObject({ events: 10, dead: 3, lost: 3 });
  ledger.settled('lago', 1, { delivered: 0, duplicates: 0, dead: 2 });
  const place = { fingerprint: 'f', from: 0, to: 9, file: 'c', bytes: 1, checksum: 0 };
  ledger.lostChunk({ destination: 'lago', sequence: 1, events: 2, ...place }, 'gone', 0);
  expect(ledger.destination('lago')).toMatchObject({ events: 10, dead: 5, lost: 5 });
});
