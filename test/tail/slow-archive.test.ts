/** An archive that is written slowly is not verified anew at each change: that would cost more the longer it gets. */
import { appendFileSync } from 'node:fs';
import { truncate, writeFile, appendFile } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/types.ts';
import type * as Verification from '../../src/tail/verification.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

/** As of an archive of a hundred megabytes. */
const VERIFYING_MS = 150;
const verified = vi.hoisted(() => ({ times: 0 }));

vi.mock('../../src/tail/verification.ts', async (original) => {
  const { verify, ...rest } = await original<typeof Verification>();
  const slowly: typeof verify = async (...args) => {
    verified.times++;
    await delay(VERIFYING_MS);
    return verify(...args);
  };
  return { ...rest, verify: slowly };
});

const LINES = Array.from({ length: 200 }, (_, i) => `${i} ${randomBytes(100).toString('hex')}\n`);
const ARCHIVE = gzipSync(LINES.join(''));
const HALF = ARCHIVE.length >> 1;

/** Writes some more of the archive between any two looks. */
class WritingClock implements Clock {
  readonly done = Promise.withResolvers<void>();
  archive: string | undefined;
  #at = HALF;

  now(): number {
    return systemClock.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.archive !== undefined && this.#at < ARCHIVE.length) {
      appendFileSync(this.archive, ARCHIVE.subarray(this.#at, (this.#at += 20)));
      if (this.#at >= ARCHIVE.length) this.done.resolve();
    }
    return systemClock.sleep(ms, signal);
  }
}

it('is verified when it is found, and again when it is left alone', async () => {
  const log = path.join(await tempFolder(), 'access.log');
  await writeFile(log, LINES.slice(0, 3).join(''));
  const recorder = new Recorder();
  const clock = new WritingClock();
  await tail(recorder, [sourceOf(log, { rotate_wait: 60 })], { clock, watch: false, pollMs: 5 });
  await recorder.until(() => recorder.lines_.length === 3);
  await truncate(log);
  await writeFile(`${log}.1.gz`, ARCHIVE.subarray(0, HALF));
  await appendFile(log, 'next\n');
  clock.archive = `${log}.1.gz`;
  await clock.done.promise;
  const texts = LINES.map((line) => line.slice(0, -1));
  await recorder.until(() => recorder.lines_.length >= LINES.length + 1);
  expect(recorder.texts.toSorted()).toEqual([...texts, 'next'].toSorted());
  // While it was written 500 looks saw it change.
  expect(verified.times).toBeLessThanOrEqual(3);
});
