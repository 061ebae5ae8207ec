/** The folder of a log may be entered but not listed, or cannot be listed for a while (too many open files, an I/O error). */
import type promises from 'node:fs/promises';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const disk = vi.hoisted(() => ({ denies: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  return {
    ...real,
    readdir: (folder: string) =>
      disk.denies
        ? Promise.reject(Object.assign(new Error('EACCES: permission denied, scandir'), { code: 'EACCES' }))
        : real.readdir(folder),
  };
});
afterEach(() => {
  disk.denies = false;
});

it('is read all the same; what is history stays so when the folder can be listed', async () => {
  const log = path.join(await tempFolder(), 'a.log');
  await writeFile(`${log}.1`, 'history\n');
  await writeFile(log, 'one\n');
  disk.denies = true;
  const recorder = new Recorder();
  await tail(recorder, [sourceOf(log)]);
  await recorder.until(() => recorder.texts.includes('one'));
  expect(recorder.reported('file_unreadable')).toMatchObject([{ path: path.dirname(log) }]);
  disk.denies = false;
  await rename(log, `${log}.2`);
  await writeFile(log, 'two\n');
  await recorder.until(() => recorder.reported('generation_ended').length > 0);
  await recorder.until(() => recorder.texts.includes('two'));
  expect(recorder.texts).toEqual(['one', 'two']);
});

it('and nothing is given up, nor lost, while it cannot be listed', async () => {
  const log = path.join(await tempFolder(), 'a.log');
  await writeFile(log, 'one\n');
  const first = new Recorder();
  const tailer = await tail(first, [sourceOf(log)]);
  await first.until(() => first.texts.includes('one'));
  await tailer.stop();
  await writeFile(log, 'one\ntwo\n');
  await rename(log, `${log}.1`);
  await writeFile(log, 'three\n');

  disk.denies = true;
  const recorder = new Recorder();
  recorder.recall(first.positions());
  await tail(recorder, [sourceOf(log)], { positions: first.positions() });
  await recorder.until(() => recorder.texts.includes('three'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(recorder.reported('lines_lost')).toEqual([]);
  disk.denies = false;
  await recorder.until(() => recorder.texts.includes('two'));
  expect(recorder.texts).toEqual(['three', 'two']);
});
