/** Logs whose first 1,024 bytes are equal: what was read last tells them apart. */
import { appendFile, copyFile, readFile, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { generationKey } from '../../src/generation-key.ts';
import { readFinished } from '../../src/tail/finished.ts';
import { resumeFinished } from '../../src/tail/resume.ts';
import type { GenerationPosition } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const HEAD = 'h'.repeat(1024);
const lines = (first: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `${HEAD}${first + i}\n`).join('');

const numbers = ({ texts }: Recorder): number[] => texts.map((text) => Number(text.slice(HEAD.length)));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const sorted = (recorder: Recorder): number[] => numbers(recorder).toSorted((a, b) => a - b);

type Positions = ReadonlyMap<string, readonly GenerationPosition[]>;

async function life(log: string, positions: Positions, count: number): Promise<Recorder> {
  const recorder = new Recorder();
  recorder.recall(positions);
  const tailer = await tail(recorder, [sourceOf(log)], { positions });
  await recorder.until(() => recorder.lines_.length >= count);
  await tailer.stop();
  return recorder;
}

async function pack(file: string, packed: string): Promise<void> {
  await writeFile(packed, gzipSync(await readFile(file)));
  await unlink(file);
}

describe.each([{ packed: false }, { packed: true }])(
  'logs that begin alike, packed: $packed',
  ({ packed }) => {
    it('are all read that were rotated while nobody looked, the first one from where it was', async () => {
      const log = path.join(await tempFolder(), 'kong.log');
      await writeFile(log, lines(1, 10));
      const first = await life(log, new Map(), 10);
      await appendFile(log, lines(11, 10));
      await rename(log, `${log}.3`);
      await writeFile(`${log}.2`, lines(21, 10));
      await writeFile(`${log}.1`, lines(31, 10));
      await writeFile(log, lines(41, 10));
      if (packed) for (const number of [3, 2, 1]) await pack(`${log}.${number}`, `${log}.${number}.gz`);
      const second = await life(log, first.positions(), 40);
      expect(sorted(second)).toEqual(range(11, 51));
      // Each has its own place in the books: a third start finds nothing to read.
      expect(second.positions().get(log)).toHaveLength(4);
      expect(new Set(second.positions().get(log)?.map(generationKey)).size).toBe(4);
      await appendFile(log, lines(51, 1));
      const third = await life(log, second.positions(), 1);
      expect(numbers(third)).toEqual([51]);
    });

    it('are not resumed where another one was read to', async () => {
      const log = path.join(await tempFolder(), 'kong.log');
      await writeFile(log, lines(1, 10));
      const first = await life(log, new Map(), 10);
      // With `rotate 1` all that is left of them is gone.
      await unlink(log);
      await writeFile(packed ? `${log}.1` : log, lines(21, 15));
      if (packed) {
        await pack(`${log}.1`, `${log}.1.gz`);
        await writeFile(log, lines(36, 1));
      }
      const second = await life(log, first.positions(), packed ? 16 : 15);
      expect(sorted(second)).toEqual(range(21, packed ? 37 : 36));
    });
  },
);

describe('a log that is truncated in place and begins as before', () => {
  it('is read from its beginning, and the rest of what it was from the copy', async () => {
    const log = path.join(await tempFolder(), 'kong.log');
    await writeFile(log, lines(1, 10));
    const first = await life(log, new Map(), 10);
    await appendFile(log, lines(11, 5));
    await copyFile(log, `${log}.1`);
    await truncate(log);
    // Longer than what was read of it before.
    await appendFile(log, lines(101, 20));
    const second = await life(log, first.positions(), 25);
    expect(sorted(second)).toEqual([...range(11, 16), ...range(101, 121)]);
    expect(second.positions().get(log)).toHaveLength(2);
  });

  it('is read from its beginning while it is followed, too', async () => {
    const log = path.join(await tempFolder(), 'kong.log');
    await writeFile(log, lines(1, 10));
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 10);
    await copyFile(log, `${log}.1`);
    await truncate(log);
    await appendFile(log, lines(101, 12));
    await recorder.until(() => recorder.lines_.length >= 22);
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(sorted(recorder)).toEqual([...range(1, 11), ...range(101, 113)]);
  });
});

it('a copy of a log that is followed, and one of what was read, are no other logs', async () => {
  const log = path.join(await tempFolder(), 'kong.log');
  await writeFile(log, lines(1, 10));
  const recorder = new Recorder();
  const tailer = await tail(recorder, [sourceOf(log)]);
  await recorder.until(() => recorder.lines_.length === 10);
  // As much as was there when it was copied: more comes meanwhile.
  await writeFile(`${log}.1`, lines(1, 7));
  await appendFile(log, lines(11, 1));
  await recorder.until(() => recorder.lines_.length === 11);
  await writeFile(`${log}.2.gz`, gzipSync(lines(1, 10)));
  await appendFile(log, lines(12, 1));
  await recorder.until(() => recorder.lines_.length === 12);
  await tailer.stop();
  expect(numbers(recorder)).toEqual(range(1, 13));
});

it('a replay goes on in the archive that it was in, and in no other that begins alike', async () => {
  const folder = await tempFolder();
  const [one, two] = ['one.gz', 'two.gz'].map((name) => path.join(folder, name)) as [string, string];
  await writeFile(one, gzipSync(lines(1, 10)));
  await writeFile(two, gzipSync(lines(21, 10)));
  const replay = async (recorder: Recorder): Promise<void> => {
    await readFinished([one, two], {
      source: 'kong.log',
      maxLineBytes: 1024 * 1024,
      consumer: recorder,
      resume: (generation, open) =>
        resumeFinished(recorder.positions().get('kong.log') ?? [], generation, open),
    });
  };
  const recorder = new Recorder();
  await replay(recorder);
  expect(sorted(recorder)).toEqual([...range(1, 11), ...range(21, 31)]);
  expect(recorder.positions().get('kong.log')).toHaveLength(2);
  const again = new Recorder();
  again.recall(recorder.positions());
  await replay(again);
  expect(numbers(again)).toEqual([]);
  // Another log takes the name of one that was read.
  await writeFile(two, gzipSync(lines(41, 12)));
  await replay(again);
  expect(sorted(again)).toEqual(range(41, 53));
});
