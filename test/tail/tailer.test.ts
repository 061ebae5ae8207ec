import { appendFile, copyFile, rename, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

describe.each([{ watch: true }, { watch: false }])('a followed log, watch: $watch', ({ watch }) => {
  it('delivers what is there, then what is appended, and waits for a partial line', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(log, 'one\ntwo\nthr');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)], { watch });
    await recorder.until(() => recorder.lines_.length === 2);
    await appendFile(log, 'ee\nfour\n');
    await recorder.until(() => recorder.lines_.length === 4);
    expect(recorder.texts).toEqual(['one', 'two', 'three', 'four']);
    expect(recorder.lines_.map(({ offset }) => offset)).toEqual([0, 4, 8, 14]);
  });

  it('reads a renamed log to its end, late writers included, beside the new one', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    // Long enough that the late line is no later than that, however busy the machine is.
    await tail(recorder, [sourceOf(log, { rotate_wait: 2 })], { watch });
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.texts.includes('b1'));
    await appendFile(`${log}.1`, 'a2\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect(recorder.reported('rotation').map(({ kind }) => kind)).toEqual(['renamed']);
  });

  it('notices a truncation and finishes the rest from the copy', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(log, 'a1\na2\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)], { watch });
    await recorder.until(() => recorder.lines_.length === 2);
    await appendFile(log, 'a3\npart');
    await copyFile(log, `${log}.1`);
    await truncate(log);
    await appendFile(log, 'b1 is longer than all that was there before\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    await recorder.until(() => recorder.lines_.length === 5);
    expect(recorder.texts.toSorted()).toEqual([
      'a1',
      'a2',
      'a3',
      'b1 is longer than all that was there before',
      'part',
    ]);
    expect(recorder.reported('lines_lost')).toEqual([]);
  });
});
