import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { GenerationPosition } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

type Positions = ReadonlyMap<string, readonly GenerationPosition[]>;

/** Follows the log until `lines` have arrived, stops, and says what is known. */
async function firstLife(log: string, lines: number): Promise<Positions> {
  const recorder = new Recorder();
  const tailer = await tail(recorder, [sourceOf(log)]);
  await recorder.until(() => recorder.lines_.length === lines);
  await tailer.stop();
  return recorder.positions();
}

async function secondLife(log: string, positions: Positions, lines: number): Promise<Recorder> {
  const recorder = new Recorder();
  recorder.recall(positions);
  await tail(recorder, [sourceOf(log)], { positions });
  await recorder.until(() => recorder.lines_.length >= lines);
  return recorder;
}

async function age(file: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(file, then, then);
}

async function compress(file: string, seconds: number): Promise<void> {
  await writeFile(`${file}.gz`, gzipSync(await readFile(file)));
  await unlink(file);
  await age(`${file}.gz`, seconds);
}

describe('a restart', () => {
  it('goes on at the offset, with a line that was partial before', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\na2 is pa');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'rtial\na3\n');
    const recorder = await secondLife(log, positions, 2);
    expect(recorder.lines_.map(({ offset, text }) => [offset, text])).toEqual([
      [3, 'a2 is partial'],
      [17, 'a3'],
    ]);
  });

  it('after several rotations reads every generation since, oldest first, and no history', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(`${log}.1`, 'history\n');
    await age(`${log}.1`, 5000);
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'a2\n');
    await compress(`${log}.1`, 5000);
    await rename(`${log}.1.gz`, `${log}.4.gz`);
    await rename(log, `${log}.3`);
    await compress(`${log}.3`, 4000);
    await writeFile(`${log}.2`, 'b1\n');
    execFileSync('tar', ['czf', `${log}.2.tar.gz`, `${path.basename(log)}.2`], { cwd: path.dirname(log) });
    await unlink(`${log}.2`);
    await writeFile(`${log}.1`, 'c1\n');
    await writeFile(log, 'd1\n');
    const recorder = await secondLife(log, positions, 4);
    await recorder.until(() => recorder.reported('generation_ended').length === 3);
    expect(recorder.texts).toEqual(['a2', 'b1', 'c1', 'd1']);
    expect(recorder.reported('lines_lost')).toEqual([]);
  });

  it('reads at the first start what was rotated between the start and the first search, and nothing older', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(`${log}.2`, 'history\n');
    await age(`${log}.2`, 120);
    await writeFile(`${log}.1`, 'a1\n');
    await writeFile(log, 'b1\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)], { startedMs: Date.now() - 60_000 });
    await recorder.until(() => recorder.lines_.length === 2);
    expect(recorder.texts).toEqual(['a1', 'b1']);
  });

  it('finds a compressed generation whose beginning was read, and goes on within it', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'a2\na3');
    await rename(log, `${path.dirname(log)}/2026-11-20_15-00-00__access.log`);
    await compress(`${path.dirname(log)}/2026-11-20_15-00-00__access.log`, 100);
    await writeFile(log, 'b1\n');
    const recorder = await secondLife(log, positions, 3);
    expect(recorder.lines_.map(({ offset, text }) => [offset, text])).toEqual([
      [3, 'a2'],
      [6, 'a3'],
      [0, 'b1'],
    ]);
    expect(recorder.lines_[0]?.fingerprint).toBe([...positions.values()][0]?.[0]?.fingerprint);
  });

  it('finishes a truncated generation from its copy', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'a2\n');
    await copyFile(log, `${log}.1`);
    await truncate(log);
    await appendFile(log, 'b1, and past the old offset\n');
    const recorder = await secondLife(log, positions, 2);
    expect(recorder.texts).toEqual(['a2', 'b1, and past the old offset']);
  });

  it('does not read on in another file that reused the inode', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    // The same inode with another content is what reuse looks like afterwards.
    await writeFile(log, 'b1 b1 b1\nb2\n');
    const recorder = await secondLife(log, positions, 2);
    await recorder.until(() => recorder.reported('lines_lost').length === 1);
    expect(recorder.lines_.map(({ offset }) => offset)).toEqual([0, 9]);
  });

  it('says which lines are lost when the generation is nowhere, and reads all there is', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\na2\n');
    const positions = await firstLife(log, 2);
    await rm(log);
    await writeFile(`${log}.1`, 'b1\n');
    await writeFile(log, 'c1\n');
    const recorder = await secondLife(log, positions, 2);
    await recorder.until(() => recorder.reported('lines_lost').length > 0);
    expect(recorder.texts).toEqual(['b1', 'c1']);
    const { fingerprint } = [...positions.values()][0]?.[0] ?? { fingerprint: '' };
    expect(recorder.reported('lines_lost')).toMatchObject([{ source: log, fingerprint, from: 6 }]);
    const [lost] = recorder.positions().get(log) ?? [];
    expect(lost).toMatchObject({ fingerprint, offset: 6, ended: true });
  });

  it('declares nothing lost while the folder is not there', async () => {
    const folder = path.join(await tempFolder(), 'logs');
    await mkdir(folder);
    const log = path.join(folder, 'access.log');
    await writeFile(`${log}.1`, 'history\n');
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'a2\n');
    await rename(folder, `${folder}.unmounted`);
    const recorder = new Recorder();
    recorder.recall(positions);
    await tail(recorder, [sourceOf(log)], { positions });
    await recorder.until(() => recorder.reported('file_missing').length === 1);
    await rename(`${folder}.unmounted`, folder);
    await recorder.until(() => recorder.lines_.length === 1);
    await appendFile(log, 'a3\n');
    await recorder.until(() => recorder.texts.includes('a3'));
    expect(recorder.texts).toEqual(['a2', 'a3']);
    expect(recorder.reported('lines_lost')).toEqual([]);
  });

  it('bills no history of a folder that appears between a look at the log and the search beside it', async () => {
    const folder = path.join(await tempFolder(), 'logs');
    await mkdir(folder);
    const log = path.join(folder, 'access.log');
    await writeFile(`${log}.1`, 'history\n');
    await writeFile(log, 'a1\n');
    const positions = await firstLife(log, 1);
    await appendFile(log, 'a2\n');
    await rename(folder, `${folder}.unmounted`);
    const recorder = new Recorder();
    recorder.recall(positions);
    const report = recorder.report.bind(recorder);
    recorder.report = (event) => {
      if (event.event === 'file_missing') renameSync(`${folder}.unmounted`, folder);
      report(event);
    };
    await tail(recorder, [sourceOf(log)], { positions });
    await recorder.until(() => recorder.texts.includes('a2'));
    await appendFile(log, 'a3\n');
    await recorder.until(() => recorder.texts.includes('a3'));
    expect(recorder.texts).toEqual(['a2', 'a3']);
    expect(recorder.reported('lines_lost')).toEqual([]);
  });

  it('recognises its log on a device with another number', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(`${log}.1`, 'history\n');
    await writeFile(log, 'a1\n');
    const known = [...(await firstLife(log, 1)).values()].flat();
    await appendFile(log, 'a2\n');
    const positions = new Map([[log, known.map((position) => ({ ...position, dev: '999999' }))]]);
    const recorder = await secondLife(log, positions, 1);
    await recorder.until(() => recorder.reported('file_found').length === 1);
    expect(recorder.texts).toEqual(['a2']);
  });

  it('does not read again what has ended, wherever it has got to', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    const recorder = new Recorder();
    await writeFile(log, 'a1\n');
    const tailer = await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    await recorder.until(() => recorder.lines_.length === 2);
    await tailer.stop();
    await compress(`${log}.1`, 10);
    await copyFile(`${log}.1.gz`, `${log}-20261120.gz`);
    await appendFile(log, 'b2\n');
    const second = await secondLife(log, recorder.positions(), 1);
    await second.until(() => second.reported('file_found').length === 1);
    expect(second.texts).toEqual(['b2']);
  });

  it('reads lines that were written to a file after it had ended', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    const recorder = new Recorder();
    await writeFile(log, 'a1\n');
    const tailer = await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    await appendFile(`${log}.1`, 'a2, very late\n');
    await recorder.until(() => recorder.texts.includes('a2, very late'));
    await recorder.until(() => recorder.reported('generation_ended').length === 2);
    await tailer.stop();
    await appendFile(`${log}.1`, 'a3, later still\n');
    const second = await secondLife(log, recorder.positions(), 1);
    expect(second.lines_).toMatchObject([{ offset: 17, text: 'a3, later still' }]);
  });
});

describe('start_at: end', () => {
  it('leaves what is there, remembers that, and reads what comes, from the first whole line', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(`${log}.1`, 'history\n');
    await writeFile(log, 'old\npar');
    const recorder = new Recorder();
    const source = sourceOf(log, { start_at: 'end' });
    const tailer = await tail(recorder, [source]);
    expect(recorder.positions().get(log)).toMatchObject([{ offset: 4, ended: false }]);
    await tailer.stop();
    await appendFile(log, 'tial\nnew\n');
    const second = new Recorder();
    second.recall(recorder.positions());
    await tail(second, [source], { positions: recorder.positions() });
    await second.until(() => second.lines_.length === 2);
    expect(second.lines_.map(({ offset, text }) => [offset, text])).toEqual([
      [4, 'partial'],
      [12, 'new'],
    ]);
  });

  it('holds for what was there only, not for another file of the same inode', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'old\n'.repeat(10));
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log, { start_at: 'end' })]);
    await truncate(log);
    await appendFile(log, 'new\n');
    await recorder.until(() => recorder.lines_.length === 1);
    expect(recorder.lines_).toMatchObject([{ offset: 0, text: 'new' }]);
  });

  it('does not apply to files that appear later', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log, { start_at: 'end' })]);
    await writeFile(log, 'a1\n');
    await recorder.until(() => recorder.lines_.length === 1);
    expect(recorder.lines_[0]?.offset).toBe(0);
  });
});
