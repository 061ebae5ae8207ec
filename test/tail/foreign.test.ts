/** Files beside a log that nobody knows: rotated ones are read, others are not, and it is said. */
import type promises from 'node:fs/promises';
import { appendFile, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Appearances, LATE_MS } from '../../src/tail/appearances.ts';
import { Family } from '../../src/tail/family.ts';
import type { Clock, GenerationPosition, IgnoredFile } from '../../src/types.ts';
import type { IgnoredBook, TailSource } from '../../src/tail/setup.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const disk = vi.hoisted(() => ({ isExhausted: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const open: typeof real.open = (...args) =>
    disk.isExhausted
      ? Promise.reject(
          Object.assign(new Error('EMFILE: too many open files, open'), { code: 'EMFILE', syscall: 'open' }),
        )
      : real.open(...args);
  return { ...real, open };
});
afterEach(() => {
  disk.isExhausted = false;
});

/** A state directory in memory. */
class Book implements IgnoredBook {
  files: readonly IgnoredFile[] = [];
  replayedBytes = 0;

  of(): readonly IgnoredFile[] {
    return this.files;
  }

  keep(_source: string, files: readonly IgnoredFile[]): Promise<void> {
    this.files = files;
    return Promise.resolve();
  }

  isReplayed({ bytes }: IgnoredFile): Promise<boolean> {
    return Promise.resolve(bytes <= this.replayedBytes);
  }

  command(_source: string, file: string): string {
    return `replay ${file}`;
  }
}

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

interface Life {
  /** Resolves when the folder was searched since the log was begun: from then on a rotation shows. */
  readonly settled: () => Promise<void>;
  readonly recorder: Recorder;
  readonly stop: () => Promise<ReadonlyMap<string, readonly GenerationPosition[]>>;
  readonly ignored: () => readonly string[];
}

async function live(
  log: string,
  {
    book = new Book(),
    positions,
    ...more
  }: Partial<TailSource> & { book?: Book; positions?: Awaited<ReturnType<Life['stop']>> } = {},
): Promise<Life> {
  const recorder = new Recorder();
  if (positions !== undefined) recorder.recall(positions);
  const clock = new CountingClock();
  const options = { ignored: book, clock, watch: false, ...(positions === undefined ? {} : { positions }) };
  const tailer = await tail(recorder, [sourceOf(log, more)], options);
  return {
    recorder,
    settled: () => clock.sleeps(4),
    stop: () => tailer.stop().then(() => recorder.positions()),
    ignored: () => (tailer.survey().get(log)?.ignored ?? []).map((file) => path.basename(file.path)),
  };
}

const isIgnored = ({ recorder }: Life, file: string): Promise<void> =>
  recorder.until(() => recorder.reported('file_ignored').some((event) => event.path === file));

describe('a file that appears beside a log', () => {
  it('which is not rotated is not read, whatever is written to it, and is told of once, also after a restart', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const book = new Book();
    const first = await live(log, { book });
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    await first.settled();
    await writeFile(`${log}.1`, 'x1\n');
    await isIgnored(first, `${log}.1`);
    await appendFile(`${log}.1`, 'x2\n');
    await rename(log, `${log}.2`);
    await writeFile(log, 'b1\n');
    await first.recorder.until(() => first.recorder.reported('generation_ended').length === 1);
    expect(first.ignored()).toEqual(['access.log.1']);
    const positions = await first.stop();
    expect(first.recorder.reported('file_ignored')).toHaveLength(1);

    await appendFile(`${log}.1`, 'x3\n');
    const second = await live(log, { book, positions });
    await isIgnored(second, `${log}.1`);
    // Replayed, and written to since.
    book.replayedBytes = 9;
    await writeFile(`${log}.other`, '');
    await vi.waitUntil(() => second.ignored().length === 0);
    await appendFile(`${log}.1`, 'x4\n');
    await vi.waitUntil(() => second.ignored().length === 1);
    await second.stop();
    expect([...first.recorder.texts, ...second.recorder.texts]).toEqual(['a1', 'b1']);
    expect(second.recorder.reported('file_ignored')).toHaveLength(1);
  });

  it('that has never been there is not read', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    const life = await live(log);
    await life.settled();
    await writeFile(`${log}.1`, 'x1\n');
    await isIgnored(life, `${log}.1`);
    await writeFile(log, 'a1\n');
    await life.recorder.until(() => life.recorder.texts.includes('a1'));
    expect(life.recorder.texts).toEqual(['a1']);
  });

  it('and becomes the log is read', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const life = await live(log);
    await life.recorder.until(() => life.recorder.texts.includes('a1'));
    await life.settled();
    await writeFile(`${log}.1`, 'b1\n');
    await isIgnored(life, `${log}.1`);
    await rename(`${log}.1`, log);
    await life.recorder.until(() => life.recorder.texts.includes('b1'));
    await vi.waitUntil(() => life.ignored().length === 0);
    expect(life.recorder.texts).toEqual(['a1', 'b1']);
  });
});

describe('files that were created and rotated while nobody looked', () => {
  it('are read before the log, which waits until they are quiet; a number far from theirs is another log', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const first = await live(log);
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    const positions = await first.stop();
    await rename(log, `${log}.2`);
    await writeFile(`${log}.1`, 'b1\n');
    await writeFile(`${log}.8443`, 'x1\n');
    await writeFile(log, 'c1\n');
    const second = await live(log, { positions, rotate_wait: 0.3 });
    await second.recorder.until(() => second.recorder.lines_.length === 2);
    expect(second.recorder.texts).toEqual(['b1', 'c1']);
    await isIgnored(second, `${log}.8443`);
  });

  it('under names that are not known are found by the inode of the one that was read, and those after it are named', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    await writeFile(path.join(path.dirname(log), 'error.log.1'), 'e1\n');
    const book = new Book();
    const first = await live(log, { book });
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    const positions = await first.stop();
    await appendFile(log, 'a2\n');
    await rename(log, `${log}.Mon`);
    await writeFile(`${log}.Tue`, 'b1\n');
    await writeFile(path.join(path.dirname(log), 'error.log'), 'e2\n');
    await writeFile(log, 'c1\n');
    const second = await live(log, { book, positions });
    await isIgnored(second, `${log}.Tue`);
    await second.recorder.until(() => second.recorder.lines_.length === 2);
    expect(second.recorder.texts.toSorted()).toEqual(['a2', 'c1']);
    await second.settled();
    expect(second.ignored()).toEqual(['access.log.Tue']);
    // `rotated` names it.
    const third = await live(log, { book: new Book(), positions, rotated: [`${log}.*`] });
    await third.recorder.until(() => third.recorder.lines_.length === 3);
    expect(third.recorder.texts.toSorted()).toEqual(['a2', 'b1', 'c1']);
  });

  it('and were left for their names are read when `rotated` names them later, after other logs have been rotated, too', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const book = new Book();
    const first = await live(log, { book });
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    const positions = await first.stop();
    await rename(log, `${log}.Mon`);
    await writeFile(`${log}.Tue`, 'b1\n');
    await writeFile(log, 'c1\n');
    const second = await live(log, { book, positions });
    await isIgnored(second, `${log}.Tue`);
    await second.recorder.until(() => second.recorder.texts.includes('c1'));
    const later = await second.stop();
    expect(second.recorder.texts).toEqual(['c1']);

    const third = await live(log, { book, positions: later, rotated: [`${log}.*`] });
    await third.recorder.until(() => third.recorder.texts.includes('b1'));
    await vi.waitUntil(() => book.files.length === 0);
    expect(third.recorder.reported('file_ignored')).toEqual([]);
    expect(third.ignored()).toEqual([]);
  });

  it('and are history by the time that `rotated` names them are named with what helps', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const book = new Book();
    const first = await live(log, { book });
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    const positions = await first.stop();
    await rename(log, `${log}.Mon`);
    await writeFile(`${log}.Tue`, 'b1\n');
    await writeFile(log, 'c1\n');
    const second = await live(log, { book, positions });
    await isIgnored(second, `${log}.Tue`);
    await second.recorder.until(() => second.recorder.texts.includes('c1'));
    const later = await second.stop();
    await unlink(`${log}.Mon`);

    const third = await live(log, { book, positions: later, rotated: [`${log}.*`] });
    await isIgnored(third, `${log}.Tue`);
    const [said] = third.recorder.reported('file_ignored');
    expect(said).toMatchObject({ why: expect.stringContaining('the command bills it') as string });
    expect(third.recorder.texts).not.toContain('b1');
  });

  it('are neither lost nor another log while there are no descriptors to look into them', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const first = await live(log);
    await first.recorder.until(() => first.recorder.texts.includes('a1'));
    const positions = await first.stop();
    await appendFile(log, 'a2\n');
    await rename(log, `${log}.2`);
    await writeFile(`${log}.1`, 'b1\n');
    await writeFile(log, 'c1\n');
    disk.isExhausted = true;
    const second = await live(log, { positions });
    await second.recorder.until(() => second.recorder.reported('file_unreadable').length >= 3);
    // Ten times as long as a missing one is sought.
    await new Promise((resolve) => setTimeout(resolve, 500));
    disk.isExhausted = false;
    await second.recorder.until(() => second.recorder.lines_.length === 3);
    expect(second.recorder.texts.toSorted()).toEqual(['a2', 'b1', 'c1']);
    expect(second.recorder.reported('lines_lost')).toEqual([]);
    expect(second.recorder.reported('file_ignored')).toEqual([]);
  });
});

const setup = (): { at: (ms: number) => void; appearances: Appearances; family: Family } => {
  let now = 0;
  return {
    at: (ms) => (now = ms),
    appearances: new Appearances(() => now, 1000),
    family: new Family('/log'),
  };
};
const look = (key: string, size: number): Parameters<Appearances['take']>[1][number] => ({
  key,
  size,
  version: String(size),
  first: false,
});

describe('what is remembered of a file', () => {
  it('says whether it was written to after late writers should have been through', () => {
    const { at, appearances, family } = setup();
    appearances.take(family, [look('1', 1), look('2', 1)], true);
    at(LATE_MS);
    appearances.take(family, [look('1', 2), look('2', 1)], false);
    at(LATE_MS + 1);
    appearances.take(family, [look('1', 2), look('2', 2)], false);
    expect(appearances.of('1').grown).toBe(false);
    expect(appearances.of('2').grown).toBe(true);
  });

  it('goes over to an archive of it that takes its place before it was looked into', () => {
    const { appearances, family } = setup();
    appearances.take(family, [look('1', 1)], true);
    appearances.take(family, [look('1', 1), look('2', 1)], false);
    expect(appearances.of('2').rotated).toBe(false);
    appearances.take(family, [look('2', 1)], false);
    expect(appearances.of('2').rotated).toBe(true);
  });

  it('is not that of another file with the same inode', () => {
    const { appearances, family } = setup();
    appearances.take(family, [look('1', 1)], true);
    const one = appearances.identify('1', { hash: 'a', bytes: 1 }, false, true);
    one.decided = true;
    expect(appearances.identify('1', { hash: 'b', bytes: 1 }, false, false)).toMatchObject({
      rotated: false,
      decided: false,
    });
  });
});
