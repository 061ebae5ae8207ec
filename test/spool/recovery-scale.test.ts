/** A long outage: 20,000 chunks wait. A start must not open them, nor keep more than their names in memory. */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recover } from '../../src/spool/recovery.ts';
import { writeCheckpoint, emptyCheckpoint } from '../../src/spool/checkpoint.ts';
import { chunkName, layoutOf, type ChunkName } from '../../src/spool/layout.ts';
import { Ledger } from '../../src/spool/ledger.ts';
import { diskFs, type StateFs } from '../../src/spool/state-fs.ts';

const CHUNKS = 20_000;
const EVENTS = 2000;
const BYTES = 512 * 1024;

const nameOf = (sequence: number): ChunkName => ({
  sequence,
  events: EVENTS,
  fingerprint: '9b74c9897bac770ffc029102a200c5de',
  from: (sequence - 1) * BYTES,
  to: sequence * BYTES,
  checksum: sequence,
});

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'tailmeter-scale-'));
  const folder = layoutOf(stateDir).chunks('lago');
  await mkdir(folder, { recursive: true });
  for (let sequence = 1; sequence <= CHUNKS; sequence++) {
    const file = openSync(join(folder, chunkName(nameOf(sequence))), 'w');
    // 10 GB that take no space.
    ftruncateSync(file, BYTES);
    closeSync(file);
  }
  const ledger = new Ledger(emptyCheckpoint);
  ledger.destination('lago').events = CHUNKS * EVENTS;
  ledger.cover(CHUNKS);
  await writeCheckpoint(diskFs, stateDir, { ...ledger.snapshot(), letters: {} });
}, 300_000);
afterAll(() => rm(stateDir, { recursive: true }));

test('a start with 20,000 chunks waiting looks at each once and opens none', async () => {
  const calls = new Map<string, number>();
  const count = (name: string): void => void calls.set(name, (calls.get(name) ?? 0) + 1);
  const fs: StateFs = {
    ...diskFs,
    size: (path) => (count('size'), diskFs.size(path)),
    read: (path) => (count('read'), diskFs.read(path)),
    readAt: (path, offset, bytes) => (count('readAt'), diskFs.readAt(path, offset, bytes)),
  };
  const { chunks, ledger } = await recover(fs, stateDir, { reporter: { report: () => {} }, readOnly: false });
  expect(chunks.get('lago')).toHaveLength(CHUNKS);
  expect(chunks.get('lago')?.[41]).toMatchObject({
    ...nameOf(42),
    destination: 'lago',
    file: join(stateDir, 'spool', 'lago', chunkName(nameOf(42))),
    bytes: BYTES,
  });
  expect(ledger.destination('lago').events).toBe(CHUNKS * EVENTS);
  expect(Object.fromEntries(calls)).toEqual({ size: CHUNKS, read: 1 });
});

test('20,000 chunks that wait take a few MB of memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const recovered = await recover(diskFs, stateDir, { reporter: { report: () => {} }, readOnly: true });
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  expect(recovered.chunks.get('lago')).toHaveLength(CHUNKS);
  expect(grown).toBeLessThan(4 * 1024 * 1024);
});
