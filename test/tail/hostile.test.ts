import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  open,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

/** As an ordinary user, whom permissions hold back. Ids are those of the whole process: put them back at once. */
function asNobody(): () => void {
  if (process.geteuid?.() !== 0) return () => undefined;
  process.seteuid?.(65_534);
  return () => process.seteuid?.(0);
}

describe('files of all kinds', () => {
  it('that are missing with their folder are awaited, which is said once', async () => {
    const log = path.join(await tempFolder(), 'later', 'access.log');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.reported('file_missing').length === 1);
    await mkdir(path.dirname(log));
    await writeFile(log, 'a1\n');
    await recorder.until(() => recorder.lines_.length === 1);
    expect(recorder.reported('file_missing')).toHaveLength(1);
    expect(recorder.reported('file_found')).toMatchObject([{ path: log, offset: 0 }]);
  });

  it('that are deleted and created again are new generations', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    for (const line of ['b1', 'c1', 'd1']) {
      await unlink(log);
      await writeFile(log, `${line}\n`);
      await recorder.until(() => recorder.texts.includes(line));
    }
    expect(recorder.texts).toEqual(['a1', 'b1', 'c1', 'd1']);
    expect(new Set(recorder.reported('rotation').map(({ kind }) => kind))).toEqual(new Set(['removed']));
  });

  it('that a symbolic link is switched to are read, each to its end', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'current.log');
    await writeFile(path.join(folder, 'one'), 'a1\n');
    await writeFile(path.join(folder, 'two'), 'b1\n');
    await symlink('one', log);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await symlink('two', `${log}.new`);
    await rename(`${log}.new`, log);
    await recorder.until(() => recorder.texts.includes('b1'));
    await appendFile(path.join(folder, 'one'), 'a2\n');
    // On a busy machine it may have counted as over before.
    await recorder.until(() => recorder.texts.includes('a2'));
    await recorder.until(() => recorder.reported('generation_ended').length > 0);
    expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect(recorder.reported('rotation').map(({ kind }) => kind)).toEqual(['replaced']);
  });

  it('that a symbolic link has left are read when they are written to after all, though they counted as over', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'current.log');
    await writeFile(path.join(folder, 'one'), 'a1\n');
    await symlink('one', log);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await writeFile(path.join(folder, 'two'), 'b1\n');
    await symlink('two', `${log}.new`);
    await rename(`${log}.new`, log);
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    await appendFile(path.join(folder, 'one'), 'a2\n');
    await recorder.until(() => recorder.texts.includes('a2'));
    expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect(recorder.lines_.find(({ text }) => text === 'a2')?.offset).toBe(3);
  });

  it('behind a symbolic link are found in the folder where they are rotated', async () => {
    const folder = await tempFolder();
    await mkdir(path.join(folder, 'data'));
    const real = path.join(folder, 'data', 'access.log');
    const log = path.join(folder, 'access.log');
    await writeFile(real, 'a1\n');
    await symlink(real, log);
    const first = new Recorder();
    const tailer = await tail(first, [sourceOf(log)]);
    await first.until(() => first.lines_.length === 1);
    await tailer.stop();
    await appendFile(real, 'a2\n');
    await rename(real, `${real}.1`);
    await writeFile(real, 'b1\n');
    const second = new Recorder();
    second.recall(first.positions());
    await tail(second, [sourceOf(log)], { positions: first.positions() });
    await second.until(() => second.lines_.length === 2);
    expect(second.texts).toEqual(['a2', 'b1']);
  });

  it('that may not be read for a while are read once they may', async () => {
    const folder = await tempFolder();
    await chmod(folder, 0o755);
    const log = path.join(folder, 'access.log');
    await writeFile(log, 'a1\n');
    await chmod(log, 0);
    const recorder = new Recorder();
    const restore = asNobody();
    onTestFinished(restore);
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.reported('file_unreadable').length === 1);
    restore();
    await chmod(log, 0o644);
    await recorder.until(() => recorder.lines_.length === 1);
    expect(recorder.reported('file_unreadable')).toHaveLength(1);
    expect(recorder.reported('file_readable_again')).toHaveLength(1);
  });

  it('whose disk fails when they are read are read from where they were, once it works again', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    const disk = path.join(folder, 'disk');
    await writeFile(disk, 'a1\n');
    await symlink(disk, log);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    // A regular file that can be opened and not read at offset 0: a real EIO.
    await symlink('/proc/self/mem', path.join(folder, 'broken'));
    await rename(path.join(folder, 'broken'), log);
    await recorder.until(() => recorder.reported('file_unreadable').length === 1);
    expect(recorder.reported('file_unreadable')[0]?.error.message).toContain('EIO');
    await appendFile(disk, 'a2\n');
    await symlink(disk, path.join(folder, 'mended'));
    await rename(path.join(folder, 'mended'), log);
    await recorder.until(() => recorder.lines_.length === 2);
    expect(recorder.lines_.map(({ text, offset }) => [text, offset])).toEqual([
      ['a1', 0],
      ['a2', 3],
    ]);
  });

  it('that are no regular files are refused without waiting for them', async () => {
    const folder = await tempFolder();
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await mkdir(path.join(folder, 'dir'));
    const loop = path.join(folder, 'loop');
    await symlink('loop', loop);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(pipe), sourceOf(path.join(folder, 'dir')), sourceOf(loop)]);
    expect(recorder.reported('file_unreadable').map((event) => path.basename(event.path))).toEqual([
      'pipe',
      'dir',
      'loop',
    ]);
  });

  it('that two sources match belong to the first, which is said once', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(log, 'a1\n');
    await link(log, path.join(folder, 'link.log'));
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log), sourceOf(path.join(folder, '*.log'))]);
    await recorder.until(() => recorder.lines_.length === 1);
    await appendFile(log, 'a2\n');
    await recorder.until(() => recorder.lines_.length === 2);
    expect(recorder.lines_.every(({ source }) => source === log)).toBe(true);
    expect(
      recorder.reported('file_claimed_twice').map((event) => [path.basename(event.path), event.owner]),
    ).toEqual([
      ['access.log', log],
      ['link.log', log],
    ]);
  });

  it('that grow past the old offset after a truncation are told by what they held', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'the same first line\na2 a2 a2 a2\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 2);
    const writer = await open(log, 'r+');
    await writer.truncate();
    await writer.write('the same first line\nb2 b2 b2 b2 b2 b2\nb3\n', 0);
    await writer.close();
    await recorder.until(() => recorder.lines_.length === 5);
    expect(recorder.texts.slice(2)).toEqual(['the same first line', 'b2 b2 b2 b2 b2 b2', 'b3']);
  });

  it('that are truncated unread are reported with the range that is lost', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\npartial');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await truncate(log);
    await appendFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('lines_lost').length === 1);
    expect(recorder.reported('lines_lost')).toMatchObject([{ from: 3, to: 10 }]);
    expect(recorder.texts).toEqual(['a1', 'b1']);
  });
});

describe('a glob', () => {
  it('follows each match, those that appear later, and not what is compressed', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a.log'), 'a1\n');
    await writeFile(path.join(folder, 'b.log.gz'), 'not really\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(path.join(folder, '*'))]);
    await writeFile(path.join(folder, 'c.log'), 'c1\n');
    await recorder.until(() => recorder.texts.includes('c1'));
    await mkdir(path.join(folder, 'sub'));
    expect(recorder.texts).toEqual(['a1', 'c1']);
    expect(recorder.lines_[0]?.source).toBe(path.join(folder, '*'));
  });

  it('recognises a rotated file that it matches, too', async () => {
    const folder = await tempFolder();
    const log = path.join(folder, 'access.log');
    await writeFile(`${log}.1`, 'x1\n');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(path.join(folder, 'access.log*'))]);
    await recorder.until(() => recorder.lines_.length === 2);
    await rename(`${log}.1`, `${log}.2`);
    await rename(log, `${log}.1`);
    await appendFile(`${log}.1`, 'a2\n');
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 2);
    await recorder.until(() => recorder.lines_.length === 4);
    expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'b1', 'x1']);
  });

  it('gives files their turns: a long one does not hold up a short one', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a.log'), 'a long line of the first file\n'.repeat(300_000));
    await writeFile(path.join(folder, 'b.log'), 'b1\n');
    const recorder = new Recorder();
    const blocks: string[] = [];
    recorder.gate = (_call, block) => {
      if (block !== undefined) blocks.push(block.bytes.toString('latin1', 0, 1));
    };
    await tail(recorder, [sourceOf(path.join(folder, '*.log'))]);
    await recorder.until(() => recorder.lines_.length === 300_001);
    expect(blocks.indexOf('b')).toBe(8);
    expect(blocks.length).toBeGreaterThan(12);
  });
});

describe('lines of all kinds', () => {
  it('come as their bytes: NUL, invalid UTF-8, carriage returns, empty ones, a byte-order mark', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    const bytes = Buffer.from('\xef\xbb\xbfone\n\n\0\0\n\xff\xfe\r\nlast\n', 'latin1');
    await writeFile(log, bytes);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 5);
    expect(`${recorder.texts.join('\n')}\n`).toBe(bytes.toString('latin1'));
  });

  it('over the limit cost no memory, and reading goes on behind them', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const size = 64 * 1024 ** 2;
    await appendFile(log, `${'y'.repeat(size)}\na2\n`);
    const recorder = new Recorder();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    recorder.gate = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    };
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 2);
    expect(recorder.oversized).toMatchObject([{ offset: 3, length: size, nextOffset: 3 + size + 1 }]);
    expect(recorder.oversized[0]?.head.toString()).toBe('y'.repeat(64 * 1024));
    expect(recorder.texts).toEqual(['a1', 'a2']);
    expect(most).toBeLessThan(32 * 1024 * 1024);
  });

  it('over the limit that end with their generation are told, too', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, `a1\n${'y'.repeat(50)}`);
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log, { max_line_bytes: 20 })]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(recorder.oversized).toMatchObject([{ offset: 3, length: 50, nextOffset: 53 }]);
  });

  it('without a newline, when their generation is over, are told to be so', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'only a part');
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(recorder.lines_.find(({ text }) => text === 'only a part')).toMatchObject({
      offset: 0,
      unterminated: true,
    });
  });
});

describe('a consumer', () => {
  it('that holds a delivery back gets no other one, and stop waits for it', async () => {
    const folder = await tempFolder();
    await writeFile(path.join(folder, 'a.log'), 'a1\n');
    await writeFile(path.join(folder, 'b.log'), 'b1\n');
    const recorder = new Recorder();
    const waiting = Promise.withResolvers<void>();
    const delivered = Promise.withResolvers<void>();
    let deliveries = 0;
    recorder.gate = (call) => {
      if (call !== 'lines') return undefined;
      deliveries++;
      delivered.resolve();
      return waiting.promise;
    };
    const tailer = await tail(recorder, [sourceOf(path.join(folder, '*.log'))]);
    await delivered.promise;
    let stopped = false;
    const stopping = tailer.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([deliveries, stopped]).toEqual([1, false]);
    waiting.resolve();
    await stopping;
    await tailer.stop();
    expect(deliveries).toBe(1);
    expect(tailer.progress()).toEqual([]);
  });

  it('that rejects gets the same lines again', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    let refusals = 0;
    recorder.gate = (call) =>
      call === 'lines' && refusals++ < 3 ? Promise.reject(new Error('not now')) : undefined;
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    expect(recorder.lines_).toMatchObject([{ offset: 0, text: 'a1' }]);
  });

  it('that refuses to be told of a beginning or an end is asked again', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\n');
    const recorder = new Recorder();
    let refusals = 0;
    recorder.gate = (call) => {
      if (call === 'started' && refusals++ < 3) throw new Error('not now');
      if (call === 'ended' && refusals++ < 7) throw new Error('not now');
    };
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.reported('generation_ended').length === 1);
    expect(recorder.texts.toSorted()).toEqual(['a1', 'b1']);
  });
});

describe('progress', () => {
  it('tells offset and size of everything that is open', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, 'a1\npart');
    const recorder = new Recorder();
    const tailer = await tail(recorder, [sourceOf(log, { rotate_wait: 100 })]);
    await recorder.until(() => recorder.lines_.length === 1);
    await rename(log, `${log}.1`);
    await writeFile(log, 'b1\n');
    await recorder.until(() => recorder.lines_.length === 2);
    await recorder.until(() => recorder.reported('rotation').length === 1);
    expect(tailer.progress().map((one) => [path.basename(one.path), one.offset, one.size])).toEqual([
      ['access.log.1', 3, 7],
      ['access.log', 3, 3],
    ]);
    await rm(log);
  });
});
