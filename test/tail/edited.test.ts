/** Edited copies of a followed log in its place: reading goes on where what was read last stands in them. */
import { appendFile, open, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findMark } from '../../src/tail/continuation.ts';
import { openLog } from '../../src/tail/content.ts';
import { markOf } from '../../src/mark.ts';
import type { GenerationPosition } from '../../src/types.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

const line = (n: number): string => `{"request":"${String(n).padStart(6, '0')}","uri":"/get"}`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${line(from + i)}\n`).join('');
const numbers = ({ texts }: Recorder): number[] => texts.map((text) => Number(/\d{6}/.exec(text)?.[0]));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

async function replace(log: string, content: string): Promise<void> {
  await writeFile(`${log}.new~`, content);
  await rename(`${log}.new~`, log);
}

/** What somebody does with a log of which 200 lines were read. */
const EDITS: Record<string, (log: string) => Promise<void>> = {
  'a copy without its first lines': async (log) => {
    const text = await readFile(log, 'utf8');
    await replace(log, text.split('\n').slice(99).join('\n'));
  },
  'a copy of its last lines, fewer than a mark has': async (log) => {
    const text = await readFile(log, 'utf8');
    await replace(log, text.split('\n').slice(-6).join('\n'));
  },
  'a copy with another first line': async (log) => {
    await replace(log, `edited\n${await readFile(log, 'utf8')}`);
  },
  'a copy without some lines near its end': async (log) => {
    const text = await readFile(log, 'utf8');
    await replace(log, text.replace(`${line(195)}\n`, ''));
  },
  'itself, edited in place': async (log) => {
    const text = await readFile(log, 'utf8');
    const file = await open(log, 'r+');
    await file.truncate();
    await file.write(text.split('\n').slice(50).join('\n'), 0);
    await file.close();
  },
};

describe.each(Object.entries(EDITS))('%s', (_, edit) => {
  it('is read on behind what was read, after a restart', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, lines(0, 200));
    const first = new Recorder();
    const tailer = await tail(first, [sourceOf(log)]);
    await first.until(() => first.lines_.length === 200);
    await tailer.stop();
    await appendFile(log, lines(200, 203));
    await edit(log);
    await appendFile(log, lines(203, 205));
    const second = new Recorder();
    const positions: ReadonlyMap<string, readonly GenerationPosition[]> = first.positions();
    second.recall(positions);
    await tail(second, [sourceOf(log)], { positions });
    await second.until(() => numbers(second).includes(204));
    expect(numbers(second)).toEqual(range(200, 205));
    expect(second.reported('lines_lost')).toEqual([]);
    expect(second.positions().get(log)?.[0]).toMatchObject({ ended: true });
  });

  it('is read on behind what was read, while it is followed', async () => {
    const log = path.join(await tempFolder(), 'access.log');
    await writeFile(log, lines(0, 200));
    const recorder = new Recorder();
    await tail(recorder, [sourceOf(log)]);
    await recorder.until(() => recorder.lines_.length === 200);
    await edit(log);
    await appendFile(log, lines(200, 202));
    await recorder.until(() => numbers(recorder).includes(201));
    expect(numbers(recorder)).toEqual(range(0, 202));
  });
});

it('what the gateway still writes to the log that was replaced is read, and read once', async () => {
  const log = path.join(await tempFolder(), 'access.log');
  await writeFile(log, lines(0, 200));
  const gateway = await open(log, 'a');
  const recorder = new Recorder();
  await tail(recorder, [sourceOf(log, { rotate_wait: 0.5 })]);
  await recorder.until(() => recorder.lines_.length === 200);
  const copy = await readFile(log, 'utf8');
  await gateway.write(lines(200, 202));
  await recorder.until(() => recorder.lines_.length === 202);
  await replace(log, copy.replace(`${line(100)}\n`, ''));
  await gateway.write(lines(202, 204));
  await recorder.until(() => numbers(recorder).includes(203));
  await gateway.close();
  await appendFile(log, lines(204, 206));
  await recorder.until(() => numbers(recorder).includes(205));
  expect(numbers(recorder).toSorted((a, b) => a - b)).toEqual(range(0, 206));
});

it('a log that was deleted and begun anew is read from its beginning', async () => {
  const log = path.join(await tempFolder(), 'access.log');
  await writeFile(log, lines(0, 200));
  const recorder = new Recorder();
  await tail(recorder, [sourceOf(log)]);
  await recorder.until(() => recorder.lines_.length === 200);
  await rm(log);
  await writeFile(log, lines(500, 510));
  await recorder.until(() => recorder.lines_.length === 210);
  expect(numbers(recorder)).toEqual([...range(0, 200), ...range(500, 510)]);
});

async function find(text: string, mark: string, loosely: boolean): Promise<number | undefined> {
  const file = path.join(await tempFolder(), 'file');
  await writeFile(file, text);
  const { content } = await openLog(file, 'grow');
  try {
    return await findMark(content, markOf(Buffer.from(mark))!, loosely);
  } finally {
    await content.close();
    await unlink(file);
  }
}

describe('the place of a mark', () => {
  it('is behind all of it, where it stands last', async () => {
    const text = lines(0, 3);
    expect(await find(`${text}more\n${text}more\n`, text, false)).toBe(2 * text.length + 5);
  });

  it('is behind its last line, where that stands alone and once', async () => {
    const text = lines(0, 3);
    const last = `${line(2)}\n`;
    expect(await find(`x\n${last}more\n`, text, true)).toBe(2 + last.length);
    expect(await find(`x\n${last}more\n`, text, false)).toBeUndefined();
    expect(await find(`x\n${last}y\n${last}more\n`, text, true)).toBeUndefined();
    expect(await find(`x${last}`, text, true)).toBeUndefined();
  });

  it('is found behind a line that is longer than a mark and than a block', async () => {
    const long = `${'z'.repeat(700_000)}\n`;
    expect(await find(`a\n${long}b\n`, `a\n${long}`, false)).toBe(2 + long.length);
  });

  it('is none where too little was read to tell', async () => {
    expect(await find('a1\nb1\n', 'a1\n', true)).toBeUndefined();
  });
});
