/** An archive that is found while it is being written: it may be all that is left of a generation. */
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

/** Lines that do not compress, so that half of the archive holds about half of them. */
const LINES = Array.from({ length: 200 }, (_, i) => `${i} ${randomBytes(100).toString('hex')}\n`);
const ARCHIVE = gzipSync(LINES.join(''));
const HALF = ARCHIVE.length >> 1;

/** Counts the sleeps of the tailer: it looks before each of them. */
class CountingClock implements Clock {
  #left = 0;
  #done = Promise.withResolvers<void>();

  now(): number {
    return systemClock.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (--this.#left === 0) this.#done.resolve();
    return systemClock.sleep(ms, signal);
  }

  sleeps(count: number): Promise<void> {
    this.#left = count;
    this.#done = Promise.withResolvers();
    return this.#done.promise;
  }
}

it.each([{ rotateWait: 60 }, { rotateWait: 0.05 }])(
  'is read to its end, however long it takes to write it, rotate_wait: $rotateWait s',
  async ({ rotateWait }) => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, LINES.slice(0, 3).join(''));
    const recorder = new Recorder();
    const clock = new CountingClock();
    const options = { clock, watch: false, pollMs: 1 };
    await tail(recorder, [sourceOf(log, { rotate_wait: rotateWait })], options);
    await recorder.until(() => recorder.lines_.length === 3);
    // copytruncate and compress; more was written between the last read and the truncation.
    await truncate(log);
    await writeFile(`${log}.1.gz`, ARCHIVE.subarray(0, HALF));
    await appendFile(log, 'next\n');
    if (rotateWait === 60) await clock.sleeps(100);
    else await recorder.until(() => recorder.reported('lines_lost').length === 1);
    const lost = recorder.reported('lines_lost').map(({ reason }) => reason);
    expect(lost).toEqual(rotateWait === 60 ? [] : [`it stands in ${log}.1.gz, which is damaged`]);

    await appendFile(`${log}.1.gz`, ARCHIVE.subarray(HALF));
    await recorder.until(() => recorder.lines_.length >= LINES.length + 1);
    const texts = LINES.map((line) => line.slice(0, -1));
    expect(recorder.texts.toSorted()).toEqual([...texts, 'next'].toSorted());
  },
);
