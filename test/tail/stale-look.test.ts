/** The log is rotated, more than once, between two steps of one look: the host was suspended there, for example. */
import { mkdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { TelemetryEvent } from '../../src/observe/events.ts';
import type { Generation } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

/** Sets the time of the last write. */
function later(file: string, seconds: number): void {
  const time = new Date(Date.now() + seconds * 1000);
  utimesSync(file, time, time);
}

class Suspended extends Recorder {
  readonly #resume: () => void;

  /** @param resume What happens when the look is between the file `a.log` and the search for rotated files. */
  constructor(resume: () => void) {
    super();
    this.#resume = resume;
  }

  override report(event: TelemetryEvent): void {
    if (event.event === 'file_unreadable' && event.path.endsWith('b.log')) this.#resume();
    super.report(event);
  }
}

it('a log that was opened, then rotated and packed before the search, is read once', async () => {
  const folder = await tempFolder();
  const at = (name: string): string => path.join(folder, name);
  const recorder = new Suspended(() => {
    writeFileSync(at('logs/a.log.1.gz'), gzipSync('a1\na2\n'));
    unlinkSync(at('logs/a.log'));
    writeFileSync(at('logs/a.log'), 'new\n');
  });
  await tail(recorder, [sourceOf(at('logs/*.log'))]);
  // Both appear at once. The second one cannot be opened, which is told when the first one has been.
  await mkdir(at('staging'));
  await writeFile(at('staging/a.log'), 'a1\na2\n');
  mkdirSync(at('staging/b.log'));
  await rename(at('staging'), at('logs'));
  await recorder.until(() => recorder.texts.includes('new') && recorder.texts.includes('a2'));
  await recorder.until(() => recorder.reported('generation_ended').length > 0);
  expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'new']);
});

class Busy extends Recorder {
  readonly #rotate: () => void;

  /** @param rotate What happens when the search takes up `a.log.2`. */
  constructor(rotate: () => void) {
    super();
    this.#rotate = rotate;
  }

  override started(source: string, generation: Generation, offset: number): void | Promise<void> {
    if (generation.path.endsWith('.2') && this.lines_.length === 0) this.#rotate();
    return super.started(source, generation, offset);
  }
}

it('a rotated file whose inode is used again before it is opened is not taken for what it was', async () => {
  const folder = await tempFolder();
  const at = (name: string): string => path.join(folder, name);
  const recorder = new Busy(() => {
    writeFileSync(at('logs/a.log.3.gz'), gzipSync('x1\nx2\n'));
    later(at('logs/a.log.3.gz'), 2);
    // In place: the same inode.
    writeFileSync(at('logs/a.log.1'), 'y1\ny2\ny3\n');
    later(at('logs/a.log.1'), 3);
  });
  await tail(recorder, [sourceOf(at('logs/a.log'))]);
  await mkdir(at('staging'));
  for (const [name, lines, seconds] of [
    ['a.log.2', 'w1\n', 1],
    ['a.log.1', 'x1\nx2\n', 2],
    ['a.log', 'z1\n', 4],
  ] as const) {
    await writeFile(at(`staging/${name}`), lines);
    later(at(`staging/${name}`), seconds);
  }
  await rename(at('staging'), at('logs'));
  await recorder.until(() => recorder.reported('generation_ended').length === 3);
  await recorder.until(() => recorder.texts.includes('z1'));
  expect(recorder.texts.toSorted()).toEqual(['w1', 'x1', 'x2', 'y1', 'y2', 'y3', 'z1']);
  expect(new Set(recorder.lines_.map(({ fingerprint }) => fingerprint)).size).toBe(4);
  expect(recorder.reported('lines_lost')).toEqual([]);
});
