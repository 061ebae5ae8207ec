import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeadLetterStore } from '../../src/spool/dead-letters.ts';
import { findLetters, type LetterMarks } from '../../src/spool/letter-files.ts';
import { diskFs } from '../../src/spool/state-fs.ts';
import type { DeadLetter } from '../../src/types.ts';
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

const open = async (marks: LetterMarks = {}): Promise<DeadLetterStore> =>
  new DeadLetterStore(fs, folder, clock, await findLetters(fs, folder, marks));

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
    await store.append([letter('a'), letter('b')]);
    await store.append([letter('c', { destination: 'lago eu', answer: { status: 422, body: '{}' } })]);
    expect((await readdir(folder)).toSorted()).toEqual(['at-lago eu-2026-11-20.ndjson', TODAY]);
    const [first] = (await readFile(join(folder, TODAY), 'utf8')).split('\n');
    expect(JSON.parse(first!)).toEqual(letter('a'));
  });

  test('that were written before a crash are not written again', async () => {
    await (await open()).append([letter('a'), letter('b')]);
    const store = await open();
    await store.append([letter('a'), letter('b'), letter('c')]);
    expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
  });

  test('are not written again on another day either', async () => {
    await (await open()).append([letter('a')]);
    await clock.advance(DAY_MS);
    await (await open()).append([letter('a'), letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'b']);
  });

  test.each(['fail', 'fail_after', 'torn'] as const)(
    'are written once though a write does %s',
    async (fault) => {
      const store = await open();
      await store.append([letter('a')]);
      fs.fault = ({ name }) => (name === 'writeAt' ? fault : undefined);
      await expect(store.append([letter('b'), letter('c')])).rejects.toThrow('EIO');
      fs.fault = () => undefined;
      await store.append([letter('b'), letter('c')]);
      await store.append([letter('d')]);
      expect(await idsOnDisk()).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  test.each([1, 20, 100])(
    'that a crash cut off by %d bytes are cut away and written again',
    async (bytes) => {
      await (await open()).append([letter('a'), letter('b')]);
      const { size } = await stat(join(folder, TODAY));
      await truncate(join(folder, TODAY), size - bytes);
      const store = await open();
      await store.append([letter('a'), letter('b'), letter('c')]);
      expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
    },
  );

  test('that a loss of power turned into zeros are cut away and written again', async () => {
    await (await open()).append([letter('a')]);
    await appendFile(join(folder, TODAY), Buffer.alloc(5000));
    const store = await open();
    await store.append([letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'b']);
  });

  test('go on after what somebody else has written, which stays', async () => {
    const store = await open();
    await store.append([letter('a')]);
    await appendFile(join(folder, TODAY), '{"id":"by hand"}');
    await store.append([letter('b')]);
    expect(await idsOnDisk()).toEqual(['a', 'by hand', 'b']);
  });

  test('go on in a file that somebody has emptied or removed', async () => {
    const store = await open();
    await store.append([letter('a')]);
    await writeFile(join(folder, TODAY), '');
    await store.append([letter('b')]);
    await rm(join(folder, TODAY));
    await store.append([letter('c')]);
    expect(await idsOnDisk()).toEqual(['c']);
  });

  test('keep to the newest file when the clock goes back, as recovery relies on the order', async () => {
    const store = await open();
    await store.append([letter('a')]);
    clock.set(-2 * DAY_MS);
    await store.append([letter('b')]);
    expect(await readdir(folder)).toEqual([TODAY]);
    await (await open()).append([letter('c')]);
    expect(await readdir(folder)).toEqual([TODAY]);
    expect(await idsOnDisk()).toEqual(['a', 'b', 'c']);
  });

  test('are found though they are longer than what is read at once', async () => {
    const line = 'ü'.repeat(1_500_000);
    await (await open()).append([letter('a', { line }), letter('b'), letter('c', { line })]);
    const { known, tails } = await findLetters(diskFs, folder, {});
    expect([...known.keys()]).toEqual(['a', 'b', 'c']);
    expect(tails.get('lines')).toEqual({
      file: TODAY,
      end: (await stat(join(folder, TODAY))).size,
      torn: false,
    });
  });
});

describe('the marks of dead letters', () => {
  test('keep a start from reading what cannot come again', async () => {
    const store = await open();
    await store.append([letter('a')]);
    await clock.advance(DAY_MS);
    await store.append([letter('b')]);
    const marks = store.marks();
    await store.append([letter('c')]);
    expect([...(await findLetters(fs, folder, marks)).known.keys()]).toEqual(['c']);
    const reads = fs.calls.filter(({ name, path }) => name === 'readAt' && path.endsWith(TODAY));
    expect(reads).toEqual([]);
  });

  test('stay at the oldest hold until it is released', async () => {
    const store = await open();
    const at = { destination: 'lago' };
    await store.append([letter('a', at)]);
    const first = store.hold('at-lago');
    await store.append([letter('b', at)]);
    const second = store.hold('at-lago');
    await store.append([letter('c', at)]);
    const known = async (): Promise<string[]> => [
      ...(await findLetters(fs, folder, store.marks())).known.keys(),
    ];
    expect(await known()).toEqual(['b', 'c']);
    store.release(first);
    expect(await known()).toEqual(['c']);
    store.release(second);
    expect(await known()).toEqual([]);
  });

  test('of a hold from before the first letter cover the files of all days', async () => {
    const store = await open();
    store.hold('lines');
    await store.append([letter('a')]);
    await clock.advance(DAY_MS);
    await store.append([letter('b')]);
    expect([...(await findLetters(fs, folder, store.marks())).known.keys()]).toEqual(['a', 'b']);
  });

  test('are not trusted for a file that has become shorter', async () => {
    const store = await open();
    await store.append([letter('a'), letter('b'), letter('c')]);
    const marks = store.marks();
    await writeFile(join(folder, TODAY), `${JSON.stringify(letter('b'))}\n`);
    expect([...(await findLetters(fs, folder, marks)).known.keys()]).toEqual(['b']);
  });

  test('follow when somebody has made the file shorter while a hold lasts', async () => {
    const store = await open();
    await store.append([letter('a'), letter('b'), letter('c')]);
    store.hold('lines');
    await writeFile(join(folder, TODAY), '');
    await store.append([letter('d')]);
    expect([...(await findLetters(fs, folder, store.marks())).known.keys()]).toEqual(['d']);
  });

  test('are kept for each kind alone', async () => {
    const store = await open();
    for (const destination of [undefined, 'lago', 'x-2026-01-01']) {
      await store.append([letter('a', destination === undefined ? {} : { destination })]);
    }
    expect(Object.keys(store.marks()).toSorted()).toEqual(['at-lago', 'at-x-2026-01-01', 'lines']);
    expect((await findLetters(fs, folder, store.marks())).known.size).toBe(0);
  });

  test('are helped out by those from before that may still come again, until their range is settled', async () => {
    await (await open()).append([letter('a'), letter('b', { offset: 50 })]);
    // This run has not come to reading those lines again, and no hold of its own reaches back to them.
    const store = await open();
    expect((await findLetters(fs, folder, store.marks())).known.size).toBe(0);
    expect(store.again().map(({ id }) => id)).toEqual(['a', 'b']);
    const hold = store.hold('lines');
    await store.append([letter('a')]);
    expect(store.again().map(({ id }) => id)).toEqual(['a', 'b']);
    store.release(hold, { fingerprint: 'f00d', from: 0, to: 50 });
    expect(store.again()).toEqual([{ id: 'b', source: '/var/log/a.log', fingerprint: 'f00d', offset: 50 }]);
  });
});
