import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeadLetterStore } from '../../src/spool/dead-letters.ts';
import { emptyCheckpoint, type CheckpointData } from '../../src/spool/checkpoint.ts';
import { noLines } from '../../src/spool/counts.ts';
import { knownLetters } from '../../src/spool/known-letters.ts';
import { Ledger } from '../../src/spool/ledger.ts';
import { kindOf, type FoundLetters } from '../../src/spool/letter-files.ts';
import type { DeadLetter, SealedChunk } from '../../src/types.ts';
import type { LetterClaim, LetterSubject } from '../../src/spool/letter-claims.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FaultyFs } from '../support/faulty-fs.ts';

const DAY_MS = 86_400_000;

let folder: string;
let fs: FaultyFs;
let clock: FakeClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailmeter-letters-'));
  fs = new FaultyFs(folder);
  clock = new FakeClock();
});
afterEach(() => rm(folder, { recursive: true }));

/** One log was read to its end; the lines of others are read again. */
const READ = {
  counts: noLines(),
  generations: [
    {
      dev: '1',
      ino: '7',
      fingerprint: 'beef',
      fingerprintBytes: 4,
      path: '/var/log/a.log',
      start: 0,
      offset: 1_000_000,
      ended: true,
      counts: noLines(),
    },
  ],
};

/** What a start finds when the checkpoint says this and these chunks wait; no line was read for good. */
const find = (
  state: Partial<CheckpointData> = {},
  waiting: readonly SealedChunk[] = [],
): Promise<FoundLetters> =>
  knownLetters(
    fs,
    folder,
    { ...emptyCheckpoint, ...state },
    new Ledger({ ...emptyCheckpoint, sources: { '/var/log/a.log': READ } }),
    Map.groupBy(waiting, ({ destination }) => destination),
  );

const open = async (
  state: Partial<CheckpointData> = {},
  waiting: readonly SealedChunk[] = [],
): Promise<DeadLetterStore> => new DeadLetterStore(fs, folder, clock, await find(state, waiting));

/** What a checkpoint says now. */
const stateOf = (store: DeadLetterStore): Pick<CheckpointData, 'letters' | 'claims'> => ({
  letters: store.marks(),
  claims: store.claims(),
});

const chunk = (sequence: number, from: number, to: number): SealedChunk => ({
  sequence,
  destination: 'lago',
  fingerprint: 'beef',
  from,
  to,
  file: '',
  bytes: 0,
  events: 1,
  checksum: 0,
});

const subjectOf = ({ sequence, destination, fingerprint, from, to }: SealedChunk): LetterSubject => ({
  kind: kindOf({ destination }),
  sequence,
  fingerprint,
  from,
  to,
});

/** Writes letters of a range of their own. */
async function write(store: DeadLetterStore, letters: readonly DeadLetter[]): Promise<LetterClaim> {
  const [first] = letters;
  const { source, fingerprint, offset } = first!;
  const claim = store.claim({ kind: kindOf(first!), source, fingerprint, from: offset, to: offset + 100 });
  await store.append(letters, claim);
  return claim;
}

const letter = (id: string, more: Partial<DeadLetter> = {}): DeadLetter => ({
  id,
  time: new Date(clock.now()).toISOString(),
  reason: 'not_json',
  message: 'no object at byte 0',
  source: '/var/log/a.log',
  path: '/var/log/a.log',
  fingerprint: 'f00d',
  offset: 0,
  line: 'GET /',
  ...more,
});

/** Ids in all files, as they stand there. */
async function idsOnDisk(): Promise<string[]> {
  const ids: string[] = [];
  for (const file of (await readdir(folder)).toSorted()) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n').slice(0, -1)) {
      ids.push((JSON.parse(line) as DeadLetter).id);
    }
  }
  return ids;
}

const TODAY = 'lines-2026-11-20.ndjson';

describe('dead letters', () => {
  test('stand in a file for their kind and day, one JSON object a line', async () => {
    const store = await open();
    await write(store, [letter('a'), letter('b')]);
    await write(store, [letter('c', { destination: 'lago eu', answer: { status: 422, body: '{}' } })]);
    expect((await readdir(folder)).toSorted()).toEqual(['at-lago eu-2026-11-20.ndjson', TODAY]);
    const [first] = (await readFile(join(folder, TODAY), 'utf8')).split('\n');
    expect(JSON.parse(first!)).toEqual(letter('a'));
  });

  test('that were written before a crash are not written again', async () => {
    await write(await open(), [letter('a'), letter('b')]);
    const store = await open();
    await write(store, [letter('a'), letter('b'), letter('c')]);
    expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
  });

  test('are not written again on another day either', async () => {
    await write(await open(), [letter('a')]);
    await clock.advance(DAY_MS);
    await write(await open(), [letter('a'), letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'b']);
  });

  test.each(['fail', 'fail_after', 'torn'] as const)(
    'are written once though a write does %s',
    async (fault) => {
      const store = await open();
      await write(store, [letter('a')]);
      fs.fault = ({ name }) => (name === 'writeAt' ? fault : undefined);
      await expect(write(store, [letter('b'), letter('c')])).rejects.toThrow('EIO');
      fs.fault = () => undefined;
      await write(store, [letter('b'), letter('c')]);
      await write(store, [letter('d')]);
      expect(await idsOnDisk()).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  test.each([1, 20, 100])(
    'that a crash cut off by %d bytes are cut away and written again',
    async (bytes) => {
      await write(await open(), [letter('a'), letter('b')]);
      const { size } = await stat(join(folder, TODAY));
      await truncate(join(folder, TODAY), size - bytes);
      const store = await open();
      await write(store, [letter('a'), letter('b'), letter('c')]);
      expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
    },
  );

  test('that a loss of power turned into zeros are cut away and written again', async () => {
    await write(await open(), [letter('a')]);
    await appendFile(join(folder, TODAY), Buffer.alloc(5000));
    const store = await open();
    await write(store, [letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'b']);
  });

  test('go on after what somebody else has written, which stays', async () => {
    const store = await open();
    await write(store, [letter('a')]);
    await appendFile(join(folder, TODAY), '{"id":"by hand"}');
    await write(store, [letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'by hand', 'b']);
  });

  test('go on in a file that somebody has emptied or removed', async () => {
    const store = await open();
    await write(store, [letter('a')]);
    await writeFile(join(folder, TODAY), '');
    await write(store, [letter('b')]);
    await rm(join(folder, TODAY));
    await write(store, [letter('c')]);
    expect(await idsOnDisk()).toEqual(['c']);
  });

  test('keep to the newest file when the clock goes back, as recovery relies on the order', async () => {
    const store = await open();
    await write(store, [letter('a')]);
    clock.set(-2 * DAY_MS);
    await write(store, [letter('b')]);
    expect(await readdir(folder)).toEqual([TODAY]);
    await write(await open(), [letter('c')]);
    expect(await readdir(folder)).toEqual([TODAY]);
    expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
  });

  test('are found though they are longer than what is read at once', async () => {
    const line = 'ü'.repeat(1_500_000);
    await write(await open(), [letter('a', { line }), letter('b'), letter('c', { line })]);
    const { claims, tails } = await find();
    expect(claims).toHaveLength(1);
    for (const id of ['a', 'b', 'c']) expect(claims[0]?.known?.has(id)).toBe(true);
    expect(claims[0]?.known?.size).toBe(3);
    expect(tails.get('lines')).toEqual({
      file: TODAY,
      end: (await stat(join(folder, TODAY))).size,
      torn: false,
    });
  });
});

/** Ids of `all` that are known. */
const known = async (
  state: Partial<CheckpointData>,
  waiting: readonly SealedChunk[],
  all = ['a', 'b', 'c', 'd'],
): Promise<string[]> => {
  const { claims } = await find(state, waiting);
  return all.filter((id) => claims.some((claim) => claim.known?.has(id) === true));
};
const at = (id: string, offset: number): DeadLetter =>
  letter(id, { destination: 'lago', fingerprint: 'beef', offset });

describe('what a start knows of dead letters', () => {
  test('is nothing of what cannot come again, and no file that has only such is opened', async () => {
    const store = await open();
    store.settled(await write(store, [letter('a')]));
    await clock.advance(DAY_MS);
    store.settled(await write(store, [letter('b', { offset: 100 })]));
    const state = stateOf(store);
    expect(state.claims).toEqual([]);
    await write(store, [letter('c', { offset: 200 })]);
    expect(await known(state, [])).toEqual(['c']);
    const reads = fs.calls.filter(({ name, path }) => name === 'readAt' && path.endsWith(TODAY));
    expect(reads).toEqual([]);
  });

  test('are those of chunks that wait, before and after the checkpoint, and no others', async () => {
    const [first, second, third] = [chunk(1, 0, 100), chunk(2, 100, 200), chunk(3, 200, 300)];
    const store = await open();
    const [one, two, three] = [first, second, third].map((each) => store.claim(subjectOf(each)));
    await store.append([at('a', 10)], one!);
    await store.append([at('b', 110)], two!);
    store.settled(two!);
    const state = stateOf(store);
    await store.append([at('c', 20)], one!);
    await store.append([at('d', 220)], three!);
    expect(await known(state, [first, third])).toEqual(['a', 'c', 'd']);
    expect(await known(state, [first])).toEqual(['a', 'c']);
    expect(await known(state, [second])).toEqual([]);
    expect(await known(state, [])).toEqual([]);
  });

  test('outlives any number of starts until the chunk is settled', async () => {
    const waiting = chunk(1, 0, 100);
    let store = await open();
    await store.append([at('a', 10)], store.claim(subjectOf(waiting)));
    for (let starts = 0; starts < 3; starts++) {
      store = await open(stateOf(store), [waiting]);
      await store.append([at('a', 10)], store.claim(subjectOf(waiting)));
      expect(await idsOnDisk()).toEqual(['a']);
    }
    store.settled(store.claim(subjectOf(waiting)));
    expect(stateOf(store).claims).toEqual([]);
  });

  test('takes the same room in a checkpoint however many letters were written meanwhile', async () => {
    const [stuck, busy] = [chunk(1, 0, 100), chunk(2, 100, 1_000_000)];
    const store = await open();
    const [oldest, newer] = [store.claim(subjectOf(stuck)), store.claim(subjectOf(busy))];
    for (let i = 0; i < 30; i++) {
      await store.append([at(`stuck ${i}`, i)], oldest);
      await store.append(
        Array.from({ length: 20 }, (_, n) => at(`busy ${i} ${n}`, 1000 * i + n + 100)),
        newer,
      );
    }
    store.settled(newer);
    expect(stateOf(store).claims).toHaveLength(1);
    expect(JSON.stringify(stateOf(store)).length).toBeLessThan(700);
    const ids = Array.from({ length: 30 }, (_, i) => `stuck ${i}`);
    expect(await known(stateOf(store), [stuck], ids)).toEqual(ids);
    const { claims } = await find(stateOf(store), [stuck]);
    expect(claims[0]?.known?.size).toBe(30);
  });

  test('are those of events whose lines are read again, though their chunk is gone', async () => {
    const store = await open();
    const gone = { ...chunk(1, 0, 100), fingerprint: 'f00d' };
    await store.append([letter('a', { destination: 'lago', offset: 10 })], store.claim(subjectOf(gone)));
    for (const again of [await open(stateOf(store)), await open({}, [])]) {
      const other = again.claim(subjectOf({ ...gone, sequence: 2, to: 200 }));
      await again.append([letter('a', { destination: 'lago', offset: 10 })], other);
      expect(await idsOnDisk()).toEqual(['a']);
      again.settled(other);
      expect(again.claims()).toEqual([]);
    }
  });

  test('is found in the files of all days when there is no checkpoint', async () => {
    const store = await open();
    await write(store, [letter('a')]);
    await clock.advance(DAY_MS);
    await write(store, [letter('b')]);
    expect(await known({}, [])).toEqual(['a', 'b']);
  });

  test('is sought in all of a file that somebody has made shorter, while stopped or running', async () => {
    const store = await open();
    await write(store, [letter('a'), letter('b'), letter('c')]);
    const state = stateOf(store);
    await writeFile(join(folder, TODAY), `${JSON.stringify(letter('b'))}\n`);
    expect(await known(state, [])).toEqual(['b']);
    await write(store, [letter('d', { offset: 100 })]);
    expect(await known(stateOf(store), [])).toEqual(['b', 'd']);
  });

  test('is kept for each kind alone', async () => {
    const store = await open();
    for (const destination of [undefined, 'lago', 'x-2026-01-01']) {
      await write(store, [letter('a', destination === undefined ? {} : { destination })]);
    }
    expect(Object.keys(store.marks()).toSorted()).toEqual(['at-lago', 'at-x-2026-01-01', 'lines']);
  });

  test('of lines is forgotten as they are read again', async () => {
    await write(await open(), [letter('a'), letter('b', { offset: 50 })]);
    const store = await open();
    expect(store.claims()).toMatchObject([{ kind: 'lines', from: 0, to: 51 }]);
    const first = store.claim({ ...store.claims()[0]!, from: 0, to: 50 });
    await store.append([letter('a')], first);
    store.settled(first);
    expect(store.claims()).toMatchObject([{ kind: 'lines', from: 50, to: 51 }]);
    const second = store.claim({ ...store.claims()[0]!, from: 50, to: 100 });
    await store.append([letter('b', { offset: 50 })], second);
    store.settled(second);
    expect(store.claims()).toEqual([]);
    expect(await idsOnDisk()).toEqual(['a', 'b']);
  });

  test('of what a checkpoint of 0.1.0 names one by one is kept as far as it may come again', async () => {
    const waiting = chunk(1, 0, 100);
    const old = await open();
    await old.append([at('a', 10), at('b', 110)], old.claim(subjectOf(waiting)));
    const again = [at('a', 10), at('b', 110)].map(({ id, source, fingerprint, offset, destination }) => ({
      id,
      source,
      fingerprint,
      offset,
      ...(destination === undefined ? {} : { destination }),
    }));
    const store = await open({ letters: old.marks(), again }, [waiting]);
    await store.append([at('a', 10), at('c', 20)], store.claim(subjectOf(waiting)));
    expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
    expect(store.claims()).toMatchObject([
      { sequence: 1, spans: [[expect.any(String), 0, expect.any(Number)], expect.anything()] },
    ]);
  });
});
