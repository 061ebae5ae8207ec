import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { LogReadError } from '../../src/errors.ts';
import { readFinished, type FinishedOptions } from '../../src/tail/finished.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const LINES = Array.from({ length: 30_000 }, (_, index) => `{"n":${index},"x":"${Math.sin(index)}"}\n`).join(
  '',
);

function options(recorder: Recorder, more: Partial<FinishedOptions> = {}): FinishedOptions {
  return { source: 'access.log', maxLineBytes: 1024 * 1024, consumer: recorder, ...more };
}

describe('finished logs', () => {
  it('give the same lines, fingerprints and offsets plain, as .gz, as .tar.gz, and as the tailer gives', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(log, LINES);
    await writeFile(`${log}.gz`, gzipSync(LINES));
    execFileSync('tar', ['czf', `${log}.tar.gz`, 'access.log'], { cwd: folder });
    const followed = new Recorder();
    await tail(followed, [sourceOf(log)]);
    await followed.until(() => followed.lines_.length === 30_000);
    const seen = followed.lines_.map(({ fingerprint, offset, text }) => [fingerprint, offset, text]);
    for (const file of [log, `${log}.gz`, `${log}.tar.gz`]) {
      const recorder = new Recorder();
      const [summary] = await readFinished([file], options(recorder));
      expect(recorder.lines_.map(({ fingerprint, offset, text }) => [fingerprint, offset, text])).toEqual(
        seen,
      );
      expect(summary).toMatchObject({ path: file, bytes: LINES.length });
      expect(recorder.positions().get('access.log')).toMatchObject([{ offset: LINES.length, ended: true }]);
    }
  });

  it('are read in the order given, an unterminated last line included', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'b'), 'b1\nb2');
    await writeFile(path.join(folder, 'a'), 'a1\n');
    await writeFile(path.join(folder, 'empty'), '');
    const recorder = new Recorder();
    const files = ['b', 'empty', 'a'].map((name) => path.join(folder, name));
    const summaries = await readFinished(files, options(recorder));
    expect(recorder.texts).toEqual(['b1', 'b2', 'a1']);
    expect(recorder.lines_.map(({ unterminated }) => unterminated)).toEqual([false, true, false]);
    expect(summaries.map(({ bytes, generation }) => [bytes, generation === undefined])).toEqual([
      [5, false],
      [0, true],
      [3, false],
    ]);
  });

  it.each(['plain', 'gz'])('go on where a first pass stopped (%s)', async (kind) => {
    const folder = await tempFolder();
    const file = path.join(folder, kind === 'gz' ? 'a.gz' : 'a');
    await writeFile(file, kind === 'gz' ? gzipSync(LINES) : LINES);
    const half = LINES.indexOf('\n', LINES.length / 2) + 1;
    const recorder = new Recorder();
    await readFinished([file], options(recorder, { resume: (generation) => ({ generation, offset: half }) }));
    expect(recorder.lines_[0]?.offset).toBe(half);
    expect(recorder.texts.join('\n')).toBe(LINES.slice(half, -1));
  });

  it('are all read from an archive of several', async () => {
    const folder = await tempFolder();
    const tar = pack();
    tar.entry({ name: 'logs', type: 'directory' });
    tar.entry({ name: 'logs/one' }, 'one\n');
    tar.entry({ name: 'logs/two' }, 'two\ntwo two');
    tar.finalize();
    const parts: Buffer[] = [];
    for await (const part of tar) parts.push(part as Buffer);
    await writeFile(path.join(folder, 'logs.tar.gz'), gzipSync(Buffer.concat(parts)));
    const recorder = new Recorder();
    const summaries = await readFinished([path.join(folder, 'logs.tar.gz')], options(recorder));
    expect(recorder.texts).toEqual(['one', 'two', 'two two']);
    expect(summaries).toHaveLength(2);
  });

  it('keep lines over the limit out, with their beginning', async () => {
    const folder = await tempFolder();
    const file = path.join(folder, 'a.gz');
    await writeFile(file, gzipSync(`short\n${'y'.repeat(2_000_000)}\nafter\n`));
    const recorder = new Recorder();
    await readFinished([file], options(recorder, { maxLineBytes: 100_000 }));
    expect(recorder.texts).toEqual(['short', 'after']);
    expect(recorder.oversized).toMatchObject([{ offset: 6, length: 2_000_000, nextOffset: 2_000_007 }]);
    expect(recorder.oversized[0]?.head.toString()).toBe('y'.repeat(64 * 1024));
  });

  it('stop between two blocks when asked to, and are not ended then', async () => {
    const folder = await tempFolder();
    const file = path.join(folder, 'a');
    await writeFile(file, LINES);
    const stop = new AbortController();
    const recorder = new Recorder();
    stop.abort();
    expect(await readFinished([file], options(recorder, { signal: stop.signal }))).toEqual([]);
    expect(recorder.texts).toEqual([]);
  });

  it('that are missing or no files are told before anything is read', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a'), 'a1\n');
    await mkdir(path.join(folder, 'd'));
    const recorder = new Recorder();
    const read = (name: string): Promise<unknown> =>
      readFinished([path.join(folder, 'a'), path.join(folder, name)], options(recorder));
    await expect(read('nope')).rejects.toThrow(/nope: there is no such file/);
    await expect(read('d')).rejects.toThrow(/not a regular file/);
    await expect(read('d')).rejects.toBeInstanceOf(LogReadError);
    expect(recorder.texts).toEqual([]);
  });

  it.each(['gz', 'tar.gz'])(
    'that were cut off give nothing, but an error with the range (%s)',
    async (kind) => {
      const folder = await tempFolder();
      const log = path.join(folder, 'access.log');
      await writeFile(log, LINES);
      const file = `${log}.${kind}`;
      if (kind === 'gz') await writeFile(file, gzipSync(LINES));
      else execFileSync('tar', ['czf', file, 'access.log'], { cwd: folder });
      const whole = await readFile(file);
      const half = whole.subarray(0, whole.length / 2);
      await writeFile(file, half);
      const recorder = new Recorder();
      const failure = await readFinished([file], options(recorder)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(LogReadError);
      const { offset, message, cause } = failure as LogReadError;
      expect(message).toContain(file);
      expect(cause).toMatchObject({
        from: 0,
        to: half.length,
        unpackedFrom: 0,
        reason: 'unexpected end of file',
      });
      expect(offset).toBe(0);
      expect(recorder.lines_).toEqual([]);
    },
  );

  it('that are no archives are refused', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a.gz'), 'plain text\n');
    await writeFile(path.join(folder, 'a.tar.gz'), gzipSync('no tar\n'));
    const recorder = new Recorder();
    const read = (name: string): Promise<unknown> =>
      readFinished([path.join(folder, name)], options(recorder));
    await expect(read('a.gz')).rejects.toThrow('is named as if it were packed with gzip, and is not');
    await expect(read('a.tar.gz')).rejects.toBeInstanceOf(LogReadError);
    expect(recorder.texts).toEqual([]);
  });

  it('pass on what the consumer rejects with', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a'), 'a1\n');
    const recorder = new Recorder();
    recorder.gate = () => {
      throw new Error('the spool is closed');
    };
    await expect(readFinished([path.join(folder, 'a')], options(recorder))).rejects.toThrow(
      'the spool is closed',
    );
  });
});
