import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFinished } from '../../src/tail/finished.ts';
import { fingerprintOf } from '../../src/tail/fingerprint.ts';
import { RangeReader } from '../../src/tail/ranges.ts';
import type { LogRange, RangeVisitor } from '../../src/log-range.ts';
import type { Generation, GenerationPosition } from '../../src/types.ts';
import { FakeClock } from '../support/fake-clock.ts';

const run = promisify(execFile);
const MAX_LINE_BYTES = 2000;

let root: string;
let log: string;
let clock: FakeClock;
let reader: RangeReader;
let positions: GenerationPosition[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-ranges-'));
  log = join(root, 'access.log');
  clock = new FakeClock();
  positions = [];
  reader = new RangeReader({
    sources: [{ path: log, max_line_bytes: MAX_LINE_BYTES }],
    positions: () => new Map([[log, positions]]),
    clock,
  });
});
afterEach(async () => {
  await reader.close();
  await rm(root, { recursive: true });
});

/** What was delivered, in the order in which it came: lines, and where lines were that are too long. */
class Lines implements RangeVisitor {
  pieces: string[] = [];
  found: (readonly [source: string, generation: Generation])[] = [];
  right: (pieces: readonly string[]) => boolean = () => true;

  begin(source: string, generation: Generation): void {
    this.pieces = [];
    this.found.push([source, generation]);
  }

  lines(bytes: Buffer, offset: number): void {
    let at = offset;
    for (const line of bytes.toString().split(/(?<=\n)/)) {
      this.pieces.push(`${at} ${line}`);
      at += Buffer.byteLength(line);
    }
  }

  oversize(offset: number): void {
    this.pieces.push(`${offset} too long`);
  }

  isRight(): boolean {
    return this.right(this.pieces);
  }
}

const linesOf = (count: number, name = 'line'): string =>
  Array.from(
    { length: count },
    (_, i) => `${name} ${i} ${createHash('sha1').update(`${i}`).digest('hex')}\n`,
  ).join('');

const fingerprintIn = (text: string): string => fingerprintOf(Buffer.from(text), true)?.hash ?? '';

const rangeOf = (text: string, from: number, to: number): LogRange => ({
  fingerprint: fingerprintIn(text),
  from,
  to,
});

/** The pieces that the first reading gives between two offsets. */
async function firstReading(file: string, from: number, to: number): Promise<string[]> {
  const seen = new Lines();
  await readFinished([file], {
    source: log,
    maxLineBytes: MAX_LINE_BYTES,
    consumer: {
      lines: ({ bytes, offset }) => seen.lines(bytes, offset),
      oversize: ({ offset }) => seen.oversize(offset),
      ended: () => {},
    },
  });
  return seen.pieces.filter((piece) => Number.parseInt(piece) >= from && Number.parseInt(piece) < to);
}

const TEXT = `${linesOf(30_000)}${'x'.repeat(5000)}\n${linesOf(3, 'late')}no newline`;
const EVERYWHERE: [string, () => Promise<void>][] = [
  ['where it was', () => writeFile(log, TEXT)],
  ['renamed', () => writeFile(`${log}.3`, TEXT)],
  ['packed', () => writeFile(`${log}-20261120.gz`, gzipSync(TEXT))],
  [
    'in an archive, behind another one',
    async () => {
      await writeFile(join(root, 'other'), linesOf(2, 'other'));
      await writeFile(join(root, 'packed'), TEXT);
      await run('tar', ['-zcf', `${log}-20261121.tar.gz`, '-C', root, 'other', 'packed']);
      await rm(join(root, 'packed'));
    },
  ],
];

describe.each(EVERYWHERE)('a range of a log %s', (_, put) => {
  beforeEach(async () => {
    await put();
    if ((await readdir(root)).every((name) => name !== 'access.log')) await writeFile(log, linesOf(3, 'new'));
  });

  test('is cut into lines as when it was read first', async () => {
    await writeFile(join(root, 'copy'), TEXT);
    const size = Buffer.byteLength(TEXT);
    const [start, middle] = [TEXT.indexOf('line 777 '), TEXT.indexOf('line 21000 ')];
    const long = TEXT.indexOf('xxx');
    for (const [from, to] of [
      [0, start],
      [start, middle],
      [start, middle],
      [middle, size],
      [long, TEXT.indexOf('late 0')],
      [0, size],
    ] as const) {
      const lines = new Lines();
      expect(await reader.read(rangeOf(TEXT, from, to), lines)).toMatch(/access/);
      expect(lines.pieces).toEqual(await firstReading(join(root, 'copy'), from, to));
    }
  });

  test('may end in the middle of a line: it was the last one when it was read first', async () => {
    const [from, next] = [TEXT.indexOf('line 9 '), TEXT.indexOf('line 10 ')];
    const lines = new Lines();
    await reader.read(rangeOf(TEXT, from, next + 4), lines);
    expect(lines.pieces).toEqual([`${from} ${TEXT.slice(from, next)}`, `${next} line`]);
  });

  test('that goes beyond the end of the log is not there', async () => {
    expect(await reader.read(rangeOf(TEXT, 0, Buffer.byteLength(TEXT) + 1), new Lines())).toBeUndefined();
  });
});

test('a range of a log with holes is cut into lines as when it was read first, wherever it ends', async () => {
  const hole = '\0'.repeat(1500);
  const text = `a1\n${hole}b1 is cut${hole}b2${'x'.repeat(990)}\nc is cut\0\0c2\n${hole}${hole}d\n`;
  await writeFile(log, text);
  const size = Buffer.byteLength(text);
  const starts = (await firstReading(log, 0, size)).map((piece) => Number.parseInt(piece));
  // Where a hole is skipped, a range ends before it.
  const ends = [...starts.map((at) => text.slice(0, at).replace(/\0+$/, '').length), size];
  for (const from of ends) {
    for (const to of ends.filter((end) => end > from)) {
      const lines = new Lines();
      expect(await reader.read(rangeOf(text, from, to), lines)).toBe(log);
      expect(lines.pieces).toEqual(await firstReading(log, from, to));
    }
  }
  expect(starts).toHaveLength(6);
});

test('a log is called what the books call it, though it is found in another file', async () => {
  const text = linesOf(10);
  await writeFile(`${log}.1.gz`, gzipSync(text));
  const known = { dev: '1', ino: '2', fingerprint: fingerprintIn(text), fingerprintBytes: 47, path: log };
  positions = [{ ...known, offset: 500, ended: true }];
  const lines = new Lines();
  await reader.read(rangeOf(text, 0, 20), lines);
  expect(lines.found).toMatchObject([[log, { dev: '1', ino: '2', path: `${log}.1.gz` }]]);
});

test('of several logs that begin alike the right one is found', async () => {
  const [first, ...rest] = linesOf(10).split(/(?<=\n)/);
  await writeFile(`${log}.1`, `${first}${rest.toReversed().join('')}`);
  await writeFile(log, `${first}${rest.join('')}`);
  await writeFile(`${log}.2`, `${first}${linesOf(9, 'others')}`);
  const range = rangeOf(first ?? '', 0, 200);
  for (const path of [`${log}.1`, log, `${log}.2`]) {
    const expected = await firstReading(path, 0, 200);
    const lines = new Lines();
    lines.right = (pieces) => pieces[1] === expected[1];
    expect(await reader.read(range, lines)).toBe(path);
  }
  const none = new Lines();
  none.right = () => false;
  expect(await reader.read(range, none)).toBeUndefined();
  expect(new Set(none.found.map(([, { path }]) => path)).size).toBe(3);
});

test('a log that is on the move is found by a later search', async () => {
  const text = linesOf(10);
  await writeFile(log, linesOf(3, 'new'));
  await mkdir(join(root, 'elsewhere'));
  await writeFile(join(root, 'elsewhere', 'log'), text);
  expect(await reader.read(rangeOf(text, 0, 20), new Lines())).toBeUndefined();
  await rename(join(root, 'elsewhere', 'log'), `${log}.1`);
  await clock.advance(2000);
  expect(await reader.read(rangeOf(text, 0, 20), new Lines())).toBe(`${log}.1`);
});

test('a log that grows, and is renamed meanwhile, is read on', async () => {
  let text = linesOf(100);
  await writeFile(log, text);
  for (let round = 0; round < 5; round++) {
    const from = Buffer.byteLength(text) - 60;
    const lines = new Lines();
    expect(await reader.read(rangeOf(text, from, Buffer.byteLength(text)), lines)).toBe(log);
    expect(lines.pieces.map((piece) => piece.replace(/^\d+ /, '')).join('')).toBe(text.slice(from));
    if (round === 2) await rename(log, `${log}.1`);
    await appendFile(round < 2 ? log : `${log}.1`, linesOf(5, `round ${round}`));
    text += linesOf(5, `round ${round}`);
  }
});

test('while a file cannot be read it may be the one: that is no reason to give a range up', async () => {
  const text = linesOf(10);
  await writeFile(log, linesOf(3, 'new'));
  // Reading it fails with EIO, as a disk may.
  await symlink('/proc/self/mem', `${log}.1`);
  await expect(reader.read(rangeOf(text, 0, 20), new Lines())).rejects.toThrow('EIO');
  await rm(`${log}.1`);
  await clock.advance(2000);
  expect(await reader.read(rangeOf(text, 0, 20), new Lines())).toBeUndefined();
});

test('while no log is there at all, its folder may just not be mounted', async () => {
  await expect(reader.read(rangeOf('a\n', 0, 2), new Lines())).rejects.toThrow('no log is there');
});

test('the file of a replay is looked at, wherever it lies', async () => {
  const text = linesOf(10);
  await mkdir(join(root, 'copies'));
  await writeFile(join(root, 'copies', 'some.gz'), gzipSync(text));
  reader.add(log, join(root, 'copies', 'some.gz'));
  expect(await reader.read(rangeOf(text, 0, 20), new Lines())).toBe(join(root, 'copies', 'some.gz'));
});

describe.each([
  ['a plain log', (text: string) => writeFile(log, text)],
  ['a packed log', (text: string) => writeFile(`${log}.1.gz`, gzipSync(text))],
])('thousands of ranges of %s', (_, put) => {
  test('are read one after the other, by two who are not at the same place, without beginning anew', async () => {
    const text = linesOf(200_000);
    await put(text);
    const ends = [0];
    for (let at = 0; at >= 0; at = text.indexOf('\n', at + 2000)) ends.push(at + 1);
    ends.shift();
    let opened = 0;
    const lines = new Lines();
    const begin = lines.begin.bind(lines);
    lines.begin = (source, generation) => {
      opened++;
      begin(source, generation);
    };
    const wrong: number[] = [];
    let bytes = 0;
    const { fingerprint } = rangeOf(text, 0, 0);
    for (let i = 0; i + 1 < ends.length; i++) {
      for (const at of [i, Math.max(0, i - 500)]) {
        const [from, to] = [ends[at]!, ends[at + 1]!];
        await reader.read({ fingerprint, from, to }, lines);
        bytes += to - from;
        if (lines.pieces.map((piece) => piece.replace(/^\d+ /, '')).join('') !== text.slice(from, to))
          wrong.push(from);
      }
    }
    expect(wrong).toEqual([]);
    expect(bytes).toBeGreaterThan(18_000_000);
    // Each range was found at the first try.
    expect(opened).toBe(2 * (ends.length - 1));
  });
});

test('what is not used any more is closed', async () => {
  const text = linesOf(10);
  await writeFile(log, text);
  await reader.read(rangeOf(text, 0, 20), new Lines());
  const { ino } = await stat(log);
  const open = async (): Promise<boolean> => {
    const names = await readdir('/proc/self/fd');
    const inodes = await Promise.all(
      names.map((fd) =>
        stat(`/proc/self/fd/${fd}`).then(
          (s) => s.ino,
          () => 0,
        ),
      ),
    );
    return inodes.includes(ino);
  };
  expect(await open()).toBe(true);
  await clock.advance(20_000);
  while (await open()) await clock.advance(1000);
});
