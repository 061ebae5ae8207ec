/** Holes of NUL bytes before lines and in them. */
import { writeFileSync } from 'node:fs';
import { appendFile, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFinished } from '../../src/tail/finished.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const MAX = 1024;
const source = (log: string): ReturnType<typeof sourceOf> => sourceOf(log, { max_line_bytes: MAX });
const places = ({ lines_ }: Recorder): [number, string][] => lines_.map(({ offset, text }) => [offset, text]);

describe('a hole before a line', () => {
  it('of a gigabyte costs no memory, and the line behind it is read', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const size = 1024 ** 3;
    await truncate(log, 3 + size);
    await appendFile(log, 'a2\n\0\0a3\n');
    const recorder = new Recorder();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    recorder.gate = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    };
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 3);
    expect(places(recorder)).toEqual([
      [0, 'a1'],
      [3 + size, 'a2'],
      // With its hole it is no longer than a line may be: its identity counts from there.
      [6 + size, '\0\0a3'],
    ]);
    expect(recorder.oversized).toEqual([]);
    expect(most).toBeLessThan(32 * 1024 * 1024);
  });

  it('gives the same line in the log, in a packed copy, and after a restart in the middle of it', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    const hole = '\0'.repeat(5000);
    await writeFile(log, `${hole}a1\n${hole}`);
    const first = new Recorder();
    const tailer = await tail(first, [source(log)]);
    await first.until(() => first.lines_.length === 1);
    await tailer.stop();
    await appendFile(log, 'a2\na3\n');
    const second = new Recorder();
    const positions = first.positions();
    second.recall(positions);
    await tail(second, [source(log)], { positions });
    await second.until(() => second.lines_.length === 2);
    const expected = [
      [5000, 'a1'],
      [10_003, 'a2'],
      [10_006, 'a3'],
    ];
    expect([...places(first), ...places(second)]).toEqual(expected);

    const packed = path.join(folder, 'packed.gz');
    await writeFile(packed, gzipSync(await readFile(log)));
    const replayed = new Recorder();
    await readFinished([packed], { source: log, maxLineBytes: MAX, consumer: replayed });
    expect(places(replayed)).toEqual(expected);
    expect(replayed.lines_[0]?.fingerprint).toBe(first.lines_[0]?.fingerprint);
  });

  it('that stands where a log was truncated and written far beyond is no loss of the log before', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    const size = 600_000;
    let calls = 0;
    // While its line is delivered, and at once: what a truncation and a write behind a hole leave.
    recorder.gate = (call) => {
      if (call === 'lines' && calls++ === 0) writeFileSync(log, `${'\0'.repeat(size)}b1\n`, { flag: 'r+' });
    };
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 2);
    expect(places(recorder)).toEqual([
      [0, 'a1'],
      [size, 'b1'],
    ]);
    await recorder.until(() =>
      ['lines_lost', 'generation_ended'].some((name) => recorder.events.some(({ event }) => event === name)),
    );
    expect(recorder.reported('lines_lost')).toEqual([]);
  });

  it('that nothing follows is not a line', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, `a1\n${'\0'.repeat(5000)}`);
    const recorder = new Recorder();
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    await recorder.until(() => recorder.texts.includes('b1'));
    expect(recorder.texts.toSorted()).toEqual(['a1', 'b1']);
    expect(recorder.oversized).toEqual([]);
  });
});

describe('a hole in a line', () => {
  it('of any size ends what comes before it, however the log is read', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    const recorder = new Recorder();
    await writeFile(log, 'a1\nhalf of a');
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await appendFile(log, '\0'.repeat(500));
    await appendFile(log, 'a3\nb\0c\0\0\n\0d\ne\n');
    await recorder.until(() => recorder.texts.includes('e'));
    const expected = [
      [0, 'a1'],
      [3, 'half of a'],
      // A hole before a line belongs to its place, where both fit.
      [12, `${'\0'.repeat(500)}a3`],
      [515, 'b'],
      [516, '\0c'],
      [518, '\0\0'],
      [521, '\0d'],
      [524, 'e'],
    ];
    expect(places(recorder)).toEqual(expected);
    expect(recorder.lines_.filter(({ unterminated }) => unterminated).map(({ text }) => text)).toEqual([
      'half of a',
      'b',
      '\0c',
    ]);

    const packed = path.join(folder, 'packed.gz');
    await writeFile(packed, gzipSync(await readFile(log)));
    const replayed = new Recorder();
    await readFinished([packed], { source: log, maxLineBytes: MAX, consumer: replayed });
    expect(places(replayed)).toEqual(expected);
  });

  it('of more than a line ends what comes before it, and what follows is a line', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, `a1\na2 is cut${'\0'.repeat(5000)}a3\na4\n`);
    const recorder = new Recorder();
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 4);
    expect(places(recorder)).toEqual([
      [0, 'a1'],
      [3, 'a2 is cut'],
      [5012, 'a3'],
      [5015, 'a4'],
    ]);
    expect(recorder.lines_.map(({ unterminated }) => unterminated)).toEqual([false, true, false, false]);
  });

  it('at the end of a generation leaves what was cut off before it', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, `a1\na2 is cut${'\0'.repeat(5000)}a3 too`);
    const recorder = new Recorder();
    await tail(recorder, [source(log)]);
    await recorder.until(() => recorder.lines_.length === 2);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(recorder.texts.filter((text) => text !== 'b1')).toEqual(['a1', 'a2 is cut', 'a3 too']);
  });
});
