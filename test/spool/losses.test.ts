import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LineLoss } from '../../src/loss.ts';
import { emptyCheckpoint, writeCheckpoint, type CheckpointData } from '../../src/spool/checkpoint.ts';
import { noLines } from '../../src/spool/counts.ts';
import { Ledger } from '../../src/spool/ledger.ts';
import { recover } from '../../src/spool/recovery.ts';
import { diskFs } from '../../src/spool/state-fs.ts';
import type { Generation } from '../../src/types.ts';

const NOW = Date.parse('2026-11-20T15:00:00Z');
const generation: Generation = {
  dev: '1',
  ino: '7',
  fingerprint: 'f',
  fingerprintBytes: 9,
  path: '/a.log.1',
};
const lost = (more: Partial<LineLoss> = {}): LineLoss => ({
  source: '/a.log',
  generation,
  from: 100,
  to: 200,
  reason: 'it is gone',
  isEnd: true,
  ...more,
});
const read = (ledger: Ledger, from: number, to: number): void =>
  ledger.sealed({ source: '/a.log', generation, from, to, counts: noLines(), events: [] });
const ranges = (ledger: Ledger): unknown[] => ledger.losses.list().map(({ from, to }) => [from, to]);
const restarted = (ledger: Ledger): Ledger =>
  new Ledger(JSON.parse(JSON.stringify({ ...emptyCheckpoint, ...ledger.snapshot() })) as CheckpointData);

describe('lost lines', () => {
  test('stand in the books with all that is known, together with the end of their generation', () => {
    const ledger = new Ledger(emptyCheckpoint);
    ledger.started('/a.log', generation, 100);
    const id = ledger.lostLines(lost(), NOW);
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    const books = restarted(ledger);
    expect(books.position('/a.log', generation)).toMatchObject({ offset: 100, ended: true });
    expect(books.losses.list()).toEqual([
      {
        id,
        kind: 'lines',
        source: '/a.log',
        path: '/a.log.1',
        fingerprint: 'f',
        generation: 'f/1/7',
        from: 100,
        to: 200,
        reason: 'it is gone',
        time: '2026-11-20T15:00:00.000Z',
      },
    ]);
  });

  test('that are told twice are one loss', () => {
    const ledger = new Ledger(emptyCheckpoint);
    const { to: _unknown, ...withoutEnd } = lost();
    const id = ledger.lostLines(withoutEnd, NOW);
    expect(ledger.lostLines(lost({ to: 300 }), NOW + 1)).toBe(id);
    expect(ranges(ledger)).toEqual([[100, 300]]);
  });

  test.each([
    { after: 'all of them', reads: [[100, 200]], left: [] },
    { after: 'more than them', reads: [[50, 250]], left: [] },
    { after: 'the first', reads: [[100, 150]], left: [[150, 200]] },
    { after: 'the last', reads: [[170, 200]], left: [[100, 170]] },
    {
      after: 'the last, then the first',
      reads: [
        [170, 210],
        [90, 170],
      ],
      left: [],
    },
    {
      after: 'what is before and behind them',
      reads: [
        [0, 100],
        [200, 300],
      ],
      left: [[100, 200]],
    },
  ])('are lost no more where they are read after all: $after', ({ reads, left }) => {
    const ledger = new Ledger(emptyCheckpoint);
    const id = ledger.lostLines(lost(), NOW);
    for (const [from = 0, to = 0] of reads) read(ledger, from, to);
    expect(ranges(ledger)).toEqual(left);
    for (const loss of ledger.losses.list()) expect(loss.id).toBe(id);
  });

  test('of unknown number are lost no more when their log is read to its end', () => {
    const ledger = new Ledger(emptyCheckpoint);
    const { to: _unknown, ...withoutEnd } = lost();
    ledger.lostLines(withoutEnd, NOW);
    read(ledger, 100, 150);
    expect(ranges(ledger)).toEqual([[150, undefined]]);
    ledger.ended('/a.log', generation, 150);
    expect(ranges(ledger)).toEqual([]);
  });

  test('of another log, or of another source, stay lost', () => {
    const ledger = new Ledger(emptyCheckpoint);
    ledger.lostLines(lost({ generation: { ...generation, ino: '8' } }), NOW);
    ledger.lostLines(lost({ source: '/b.log' }), NOW);
    read(ledger, 0, 300);
    expect(ledger.losses.list()).toHaveLength(2);
  });

  test('do not fill the checkpoint: of very many the oldest are counted, not kept singly', () => {
    const ledger = new Ledger(emptyCheckpoint);
    for (let ino = 0; ino < 2000; ino++) {
      ledger.lostLines(lost({ generation: { ...generation, ino: String(ino) } }), NOW + ino);
    }
    const losses = ledger.losses.list();
    expect(losses.length).toBeLessThanOrEqual(500);
    expect(losses.reduce((sum, { earlier = 0 }) => sum + 1 + earlier, 0)).toBe(2000);
    expect(losses.at(-1)).toMatchObject({ generation: 'f/1/1999' });
  });
});

describe('lost events', () => {
  const chunk = {
    destination: 'lago',
    sequence: 1,
    fingerprint: 'f',
    from: 0,
    to: 90,
    file: 'c',
    bytes: 1,
    checksum: 0,
  };

  test('stand in the books with the range of their log', () => {
    const ledger = new Ledger(emptyCheckpoint);
    ledger.started('/a.log', generation, 90);
    ledger.lostChunk({ ...chunk, events: 12 }, 'its chunk is damaged', NOW);
    expect(restarted(ledger).losses.list()).toMatchObject([
      { kind: 'events', destination: 'lago', events: 12, path: '/a.log.1', from: 0, to: 90 },
    ]);
  });

  test('are lost no more when their chunk is put back', () => {
    const ledger = new Ledger(emptyCheckpoint);
    for (const [n, events] of [12, 5, 7].entries()) {
      ledger.lostChunk({ ...chunk, from: n, events }, 'its chunk is damaged', NOW);
    }
    ledger.losses.cameBack('lago', 12);
    expect(ledger.losses.list().map(({ events }) => events)).toEqual([5, 7]);
    ledger.losses.cameBack('lago', 8);
    expect(ledger.losses.list().map(({ events }) => events)).toEqual([4]);
    ledger.losses.cameBack('other', 1);
    expect(ledger.losses.list()).toHaveLength(1);
  });

  test('that an earlier version only counted get into the books at the next start, once', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'tailmeter-losses-'));
    onTestFinished(() => rm(stateDir, { recursive: true }));
    const counts = { events: 10, delivered: 6, duplicates: 0, dead: 4, lost: 3 };
    await writeCheckpoint(diskFs, stateDir, { ...emptyCheckpoint, destinations: { lago: counts } });
    const options = { reporter: { report: () => {} }, readOnly: false };
    for (let start = 0; start < 2; start++) {
      const { ledger } = await recover(diskFs, stateDir, options);
      expect(ledger.losses.list()).toMatchObject([{ kind: 'events', destination: 'lago', events: 3 }]);
      await writeCheckpoint(diskFs, stateDir, { ...emptyCheckpoint, ...ledger.snapshot() });
    }
  });
});
