/** What is unread is told, by generation; and what could not be looked at is never told as nothing. */
import type promises from 'node:fs/promises';
import { appendFile, mkdir, open, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { lagOf } from '../../src/control/status.ts';
import type { TailSource } from '../../src/tail/setup.ts';
import { survey } from '../../src/tail/survey.ts';
import type { SourceSurvey } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const disk = vi.hoisted(() => ({
  code: '',
  refuse(): Promise<never> {
    return Promise.reject(Object.assign(new Error(`${this.code}: refused`), { code: this.code }));
  },
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  return {
    ...real,
    readdir: (folder: string) => (disk.code === '' ? real.readdir(folder) : disk.refuse()),
    opendir: (folder: string) => (disk.code === '' ? real.opendir(folder) : disk.refuse()),
  };
});
afterEach(() => {
  disk.code = '';
});

/** A log that was read to its end, by a tailer that is stopped. */
async function readLog(more: Partial<TailSource> = {}) {
  const log = path.join(await tempFolder(), 'a.log');
  const recorder = new Recorder();
  await writeFile(log, 'one\n');
  const source = sourceOf(log, more);
  const tailer = await tail(recorder, [source]);
  await recorder.until(() => recorder.texts.includes('one'));
  await tailer.stop();
  return { log, source, positions: recorder.positions() };
}

async function surveyOf(
  source: TailSource,
  positions: ReturnType<Recorder['positions']> = new Map(),
): Promise<SourceSurvey> {
  return (await survey({ sources: [source], positions })).get(source.path)!;
}

const brief = ({ files }: SourceSurvey): unknown[] =>
  files.map(({ path: at, offset, size, state }) => [path.basename(at), offset, size, state]);

describe('at rest, as the next start would find it', () => {
  it('a log that has grown', async () => {
    const { log, source, positions } = await readLog();
    await appendFile(log, 'two\n');
    const now = await surveyOf(source, positions);
    expect(brief(now)).toEqual([['a.log', 4, 8, 'live']]);
    expect(lagOf(now)).toBe(4);
  });

  it('a log that was rotated: the rest of the old one, those in between, and the new one', async () => {
    const { log, source, positions } = await readLog();
    await appendFile(log, 'two\n');
    await rename(log, `${log}.2`);
    await writeFile(`${log}.1`, 'three\n');
    await writeFile(log, 'four\nha');
    const now = await surveyOf(source, positions);
    expect(brief(now)).toEqual([
      ['a.log.2', 4, 8, 'rotated'],
      ['a.log.1', 0, 6, 'rotated'],
      ['a.log', 0, 7, 'live'],
    ]);
    expect(now.unknown).toEqual([]);
    expect(lagOf(now)).toBe(4 + 6 + 7);
  });

  it('a log that was rotated, and all of the old one was read', async () => {
    const { log, source, positions } = await readLog();
    await rename(log, `${log}.1`);
    await writeFile(log, 'two\n');
    const now = await surveyOf(source, positions);
    expect(lagOf(now)).toBe(4);
  });

  it('a log that was truncated and begun anew', async () => {
    const { log, source, positions } = await readLog();
    await truncate(log);
    await writeFile(log, 'another\n');
    const now = await surveyOf(source, positions);
    // Whether there was more in the old one, nobody knows.
    expect(brief(now)).toEqual([
      ['a.log', 0, 8, 'live'],
      ['a.log', 4, null, 'missing'],
    ]);
    expect(now.unknown).toMatchObject([{ path: log }]);
  });

  it('a log whose old generation is gone: how much was in it is not known', async () => {
    const { log, source, positions } = await readLog();
    await unlink(log);
    await writeFile(log, 'two\n');
    const now = await surveyOf(source, positions);
    expect(brief(now)).toContainEqual(['a.log', 4, null, 'missing']);
    expect(now.unknown).toEqual([{ path: log, reason: 'the log that was read up to byte 4 is not found' }]);
    expect(lagOf(now)).toBe(4);
  });

  it('all of it gone', async () => {
    const { log, source, positions } = await readLog();
    await rm(path.dirname(log), { recursive: true });
    const now = await surveyOf(source, positions);
    expect(now.unknown).toMatchObject([{ path: log }, { path: path.dirname(log) }]);
    expect(lagOf(now)).toBeNull();
  });

  it('a source that begins at the end of its log has nothing to read', async () => {
    const log = path.join(await tempFolder(), 'a.log');
    await writeFile(log, 'old\n');
    const now = await surveyOf(sourceOf(log, { start_at: 'end' }));
    expect(brief(now)).toEqual([['a.log', 4, 4, 'live']]);
    expect(lagOf(now)).toBe(0);
  });

  it.each([
    { what: 'a directory', make: (log: string) => mkdir(log), says: 'not a regular file' },
    { what: 'a link to itself', make: (log: string) => symlink(log, log), says: 'ELOOP' },
  ])('a log that cannot be opened is named, with the reason: $what', async ({ make, says }) => {
    const { log, source, positions } = await readLog();
    await rename(log, `${log}.1`);
    await make(log);
    const now = await surveyOf(source, positions);
    expect(now.unknown).toMatchObject([{ path: log, reason: expect.stringContaining(says) as string }]);
    expect(lagOf(now)).toBeNull();
  });

  it.each([
    ['EACCES', ': it takes a user who may read it'],
    ['EMFILE', ''],
    ['EIO', ''],
  ])('a folder that cannot be listed is named: %s', async (code, remedy) => {
    const { log, source, positions } = await readLog();
    disk.code = code;
    const now = await surveyOf(source, positions);
    expect(now.unknown).toEqual([{ path: path.dirname(log), reason: `${code}: refused${remedy}` }]);
    expect(lagOf(now)).toBeNull();
  });

  it.each(['*.log', '*/b.log'])('so is that of a glob, which would only match nothing: %s', async (glob) => {
    const folder = await tempFolder();
    disk.code = 'EMFILE';
    const now = await surveyOf(sourceOf(path.join(folder, glob)));
    expect(now.unknown).toEqual([{ path: folder, reason: 'EMFILE: refused' }]);
    expect(lagOf(now)).toBeNull();
  });

  it('changes nothing, and asks for nothing to be changed', async () => {
    const { log, source, positions } = await readLog();
    await rename(log, `${log}.1`);
    const before = JSON.stringify([...positions]);
    await surveyOf(source, positions);
    expect(JSON.stringify([...positions])).toBe(before);
  });
});

describe('while it is followed', () => {
  it('what came since the last look, also while reading is held up', async () => {
    const folder = await tempFolder();
    const [a, b] = [path.join(folder, 'a.log'), path.join(folder, 'b.log')];
    await writeFile(a, 'a1\n');
    await writeFile(b, 'b1\n');
    const recorder = new Recorder();
    const tailer = await tail(recorder, [sourceOf(a), sourceOf(b)]);
    await recorder.until(() => recorder.texts.length === 2);
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    onTestFinished(() => held.resolve());
    recorder.gate = (call) => {
      if (call !== 'lines') return undefined;
      asked.resolve();
      return held.promise;
    };
    await appendFile(a, 'a2\n');
    await asked.promise;
    // Nothing is looked at now: the loop waits for the consumer.
    await appendFile(b, 'b2\n');
    await rename(b, `${b}.1`);
    await writeFile(b, 'b3\n');
    const surveys = tailer.survey();
    expect(brief(surveys.get(a)!)).toEqual([['a.log', 3, 6, 'live']]);
    expect(brief(surveys.get(b)!)).toEqual([
      ['b.log', 3, 6, 'live'],
      ['b.log', 0, 3, 'new'],
    ]);
  });

  it('a log that was emptied since the last look', async () => {
    const log = path.join(await tempFolder(), 'a.log');
    await writeFile(log, 'one\n');
    const recorder = new Recorder();
    const tailer = await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.texts.length === 1);
    await truncate(log);
    await writeFile(log, 'x\n');
    expect(lagOf(tailer.survey().get(log)!)).not.toBe(0);
  });

  it('nothing is known before the first look and after the last', async () => {
    const log = path.join(await tempFolder(), 'a.log');
    await writeFile(log, 'one\n');
    const recorder = new Recorder();
    const tailer = await tail(recorder, [sourceOf(log)]);
    await tailer.stop();
    expect(lagOf(tailer.survey().get(log)!)).toBeNull();
  });
});

/** As a mount of a single file does, for any user: the descriptor of a process leads to a file without a name. */
async function detached() {
  const folder = await tempFolder();
  const [real, log] = [path.join(folder, 'real.log'), path.join(folder, 'a.log')];
  await writeFile(real, 'one\n');
  const held = await open(real, 'a');
  onTestFinished(() => held.close());
  await symlink(`/proc/self/fd/${held.fd}`, log);
  return { real, log, held };
}

describe('a path that goes on naming a file that is gone elsewhere', () => {
  it.runIf(process.platform === 'linux')('is told once, loudly, and read on', async () => {
    const { real, log, held } = await detached();
    const recorder = new Recorder();
    const tailer = await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.texts.length === 1);
    expect(lagOf(tailer.survey().get(log)!)).toBe(0);
    await unlink(real);
    await recorder.until(() => recorder.reported('file_detached').length > 0);
    await held.appendFile('two\n');
    await recorder.until(() => recorder.texts.length === 2);
    const now = tailer.survey().get(log)!;
    expect(brief(now)).toEqual([['a.log', 8, 8, 'detached']]);
    expect(now.unknown).toMatchObject([
      { path: log, reason: expect.stringContaining('mount the folder') as string },
    ]);
    expect(lagOf(now)).toBeNull();
    expect(recorder.reported('file_detached')).toHaveLength(1);
  });

  it.runIf(process.platform === 'linux')('is told at rest, too', async () => {
    const { real, log } = await detached();
    await unlink(real);
    expect((await surveyOf(sourceOf(log))).unknown).toMatchObject([{ path: log }]);
  });
});
