import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lineEnd } from '../../src/bytes.ts';
import { systemClock } from '../../src/clock.ts';
import type { LineMapper, LoadedChunk, SealedChunk } from '../../src/types.ts';
import { Spool } from '../../src/spool/spool.ts';
import { diskFs, type StateFs } from '../../src/spool/state-fs.ts';

const GENERATION = { dev: '1', ino: '2', fingerprint: 'f'.repeat(32), fingerprintBytes: 1, path: '/log' };

/** Each line is an event. */
const mapper: LineMapper = {
  repairs: { hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 },
  paths: { skeleton: 0, scan: 0, parse: 0 },
  mapRun: (_bytes, start) => start,
  lineEnd,
  map(bytes, start, end, _place, sink) {
    sink.writer(0).text(`{"transaction_id":"${bytes.toString('utf8', start, end)}"}`);
    sink.event(0);
    return 'mapped';
  },
};

let stateDir: string;
let spool: Spool;
let filesRead: number;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'tailmeter-fresh-'));
  filesRead = 0;
  const fs: StateFs = {
    ...diskFs,
    read: (path) => {
      filesRead++;
      return diskFs.read(path);
    },
  };
  spool = await Spool.open({
    fs,
    stateDir,
    limits: { max_bytes: 2 ** 30, min_free_bytes: 0 },
    destinations: ['lago'],
    mappers: new Map([['log', mapper]]),
    bufferDurationMs: 60_000,
    inactiveTimeoutMs: 5000,
    reporter: { report: () => {} },
    clock: systemClock,
    logs: { read: () => Promise.resolve(undefined) },
    remap: () => mapper,
    searchAgainMs: 1000,
    wake: () => {},
  });
  filesRead = 0;
});

afterEach(async () => {
  await spool.close();
  await rm(stateDir, { recursive: true });
});

/** Has `lines` made a chunk of their own. */
async function seal(lines: readonly string[], offset: number): Promise<number> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  await spool.intake.lines({ source: 'log', generation: GENERATION, offset, bytes, unterminated: false });
  await spool.flush();
  return offset + bytes.length;
}

function take(): SealedChunk {
  const [chunk] = spool.queue('lago').take(1);
  if (chunk === undefined) throw new Error('no chunk waits');
  return chunk;
}

const contents = ({ body, starts, lineOffsets }: LoadedChunk): unknown => ({
  events: body.toString(),
  starts: [...starts],
  lineOffsets: [...lineOffsets],
});

const settle = (chunk: SealedChunk): void =>
  spool.queue('lago').settled(chunk, { delivered: chunk.events, duplicates: 0, dead: 0 });

describe('a chunk that was sealed just now', () => {
  test('is loaded from memory once, and is what stands in its file', async () => {
    await seal(['first', 'second', 'third'], 700);
    const chunk = take();
    const fresh = contents(await spool.queue('lago').load(chunk));
    expect(filesRead).toBe(0);
    // Whoever loaded it may have written into it: the next one reads the file.
    const read = await spool.queue('lago').load(chunk);
    expect(filesRead).toBe(1);
    expect(contents(read)).toEqual(fresh);
    expect(read.generation).toEqual(GENERATION);
    expect([...read.lineOffsets]).toEqual([700, 706, 713]);
  });

  test('keeps its bytes until it is settled, whatever is sealed meanwhile', async () => {
    let offset = await seal(['kept'], 0);
    const chunk = take();
    const { body } = await spool.queue('lago').load(chunk);
    for (let i = 0; i < 20; i++) {
      offset = await seal([`other-${i}`], offset);
      const other = take();
      await spool.queue('lago').load(other);
      settle(other);
    }
    expect(body.toString()).toBe('{"transaction_id":"kept"}\n');
    expect(filesRead).toBe(0);
  });

  test('is read from its file when too many wait in memory', async () => {
    let offset = 0;
    const long = 'x'.repeat(900_000);
    for (let i = 0; i < 10; i++) offset = await seal([`${i}-${long}`], offset);
    for (let i = 0; i < 10; i++) {
      const loaded = await spool.queue('lago').load(take());
      expect(loaded.body.toString()).toBe(`{"transaction_id":"${i}-${long}"}\n`);
    }
    expect(filesRead).toBeGreaterThan(5);
  });
});
