import { appendFile, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

/** Whether this process has an inotify watch on the folder. */
async function isWatched(folder: string): Promise<boolean> {
  const { ino } = await stat(folder);
  const watch = new RegExp(`^inotify wd:\\w+ ino:${ino.toString(16)} `, 'm');
  for (const descriptor of await readdir('/proc/self/fdinfo')) {
    // Those of this listing are gone by now.
    const info = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8').catch(() => '');
    if (watch.test(info)) return true;
  }
  return false;
}

describe('a log that is written to all the time', () => {
  let folder: string;
  let log: string;
  let recorder: Recorder;
  let written: string[];

  const write = async (): Promise<void> => {
    written.push(`line ${written.length}`);
    await appendFile(log, `${written.at(-1)}\n`);
  };

  beforeEach(async () => {
    folder = await tempFolder();
    log = path.join(folder, 'access.log');
    recorder = new Recorder();
    written = [];
    await write();
    // Polls never come into play.
    await tail(recorder, [sourceOf(log, { rotate_wait: 5 })], { pollMs: 600_000 });
    while (await isWatched(folder)) for (let i = 0; i < 10; i++) await write();
  });

  it('is read without a watch, and watched again when it has become quiet', async () => {
    for (let i = 0; i < 100; i++) await write();
    await recorder.until(() => recorder.lines_.length === written.length);
    while (!(await isWatched(folder))) await nextTurn();
    await write();
    await recorder.until(() => recorder.lines_.length === written.length);
    expect(recorder.texts).toEqual(written);
  });

  it('is followed through a rotation', async () => {
    await rename(log, `${log}.1`);
    await writeFile(log, '');
    for (let i = 0; i < 100; i++) await write();
    await recorder.until(() => recorder.lines_.length === written.length);
    expect(recorder.texts).toEqual(written);
    expect(recorder.reported('rotation').map(({ kind }) => kind)).toEqual(['renamed']);
  });
});
