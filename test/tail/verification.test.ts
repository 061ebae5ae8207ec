/** What of an archive is verified, and that nothing else is read. */
import { execFileSync } from 'node:child_process';
import { open, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLog } from '../../src/tail/content.ts';
import { readFinished } from '../../src/tail/finished.ts';
import type { ArchiveKind } from '../../src/tail/packing.ts';
import { verify, type Verification } from '../../src/tail/verification.ts';
import { Recorder, tempFolder } from './harness.ts';

const [A, B, C] = ['a', 'b', 'c'].map((name) =>
  Array.from({ length: 300 }, (_, i) => `{"${name}":${i},"x":"${Math.sin(i)}"}\n`).join(''),
) as [string, string, string];

const zstd = (text: string, checksum = 1): Buffer =>
  zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: checksum } });

async function verified(packed: Buffer, kind: ArchiveKind): Promise<Verification> {
  const file = path.join(await tempFolder(), 'packed');
  await writeFile(file, packed);
  const handle = await open(file);
  onTestFinished(() => handle.close());
  return verify(handle, 'in.log', kind, new AbortController().signal);
}

/** Lines that come out of a file with this name, and why they end. */
async function read(name: string, packed: Buffer): Promise<{ texts: string; failure?: string }> {
  const file = path.join(await tempFolder(), name);
  await writeFile(file, packed);
  const recorder = new Recorder();
  const options = { source: 'access.log', maxLineBytes: 1024 * 1024, consumer: recorder };
  const failure = await readFinished([file], options).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const texts = recorder.texts.map((text) => `${text}\n`).join('');
  return failure === undefined ? { texts } : { texts, failure };
}

function flip(packed: Buffer, at: number): Buffer {
  const copy = Buffer.from(packed);
  copy[at]! ^= 0x10;
  return copy;
}

describe.each([
  ['gzip', 'gz', (text: string) => gzipSync(text), 'gzip member'],
  ['zstd', 'zst', zstd, 'zstd frame'],
] as const)('%s', (_, kind, pack, unit) => {
  const [a, b, c] = [pack(A), pack(B), pack(C)];

  it('of several parts is read to its end', async () => {
    expect(await read(`x.${kind}`, Buffer.concat([a, b, c]))).toEqual({ texts: A + B + C });
  });

  it.each(['first', 'second'])(
    'gives the parts before damage, and nothing of it, in the %s',
    async (which) => {
      const first = which === 'first';
      const bad = first ? [flip(a, a.length >> 1), b, c] : [a, flip(b, b.length >> 1), c];
      const packed = Buffer.concat(bad);
      const from = first ? 0 : a.length;
      const unpackedFrom = first ? 0 : A.length;
      expect((await verified(packed, kind)).damage).toMatchObject({ from, to: packed.length, unpackedFrom });
      const { texts, failure } = await read(`x.${kind}`, packed);
      expect(texts).toBe(first ? '' : A);
      expect(failure).toContain(
        `packed bytes ${from} to ${packed.length} (unpacked from byte ${unpackedFrom} on)`,
      );
    },
  );

  it('that ends early, at any byte of a part, is damaged from the beginning of that part', async () => {
    for (const length of [1, 3, 9, 12, b.length >> 1, b.length - 1]) {
      const packed = Buffer.concat([a, b.subarray(0, length)]);
      expect(await verified(packed, kind)).toMatchObject({
        packed: a.length,
        unpacked: A.length,
        damage: { reason: 'unexpected end of file', from: a.length },
      });
    }
  });

  it('a line that begins in a whole part and ends in a damaged one is none', async () => {
    const packed = Buffer.concat([pack(`${A}{"begun":`), flip(b, b.length >> 1)]);
    expect((await read(`x.${kind}`, packed)).texts).toBe(A);
  });

  it('zeros behind the last part are padding, anything else is damage', async () => {
    for (const zeros of [1, 4096, 300_000]) {
      expect(await read(`x.${kind}`, Buffer.concat([a, Buffer.alloc(zeros)]))).toEqual({ texts: A });
    }
    for (const rest of ['garbage\n', `${'\0'.repeat(4096)}x`, `${'\0'.repeat(300_000)}x`]) {
      const { texts, failure } = await read(`x.${kind}`, Buffer.concat([a, Buffer.from(rest)]));
      expect(texts).toBe(A);
      expect(failure).toContain(`packed bytes ${a.length} to`);
      expect(failure).toContain(`what follows is no ${unit}`);
    }
    const behind = Buffer.concat([a, Buffer.alloc(512), b]);
    expect((await verified(behind, kind)).damage).toMatchObject({ from: a.length });
  });

  it('with nothing in it is an empty log', async () => {
    expect(await read(`x.${kind}`, Buffer.alloc(0))).toEqual({ texts: '' });
    expect(await read(`x.${kind}`, pack(''))).toEqual({ texts: '' });
  });

  it('of many small parts, whose ends fall everywhere, is read to its end', async () => {
    const texts = Array.from({ length: 1500 }, (_, i) => `{"n":${i},"x":"${Math.sin(i)}"}\n`.repeat(i % 5));
    const parts = texts.map((text) => pack(text));
    expect(await read(`x.${kind}`, Buffer.concat(parts))).toEqual({ texts: texts.join('') });
    const packed = Buffer.concat(parts);
    const damaged = await verified(flip(packed, packed.length - 6), kind);
    const before = parts.slice(0, -1);
    expect(damaged).toMatchObject({ packed: Buffer.concat(before).length, damage: { to: packed.length } });
  });

  it('is known by its first bytes, whatever its name is', async () => {
    for (const name of ['access.log', 'access.log.1', 'x.gz', 'x.zst']) {
      expect(await read(name, Buffer.concat([a, b]))).toEqual({ texts: A + B });
    }
  });

  it('that is changed after it was verified is not read on', async () => {
    // Larger than what is read ahead.
    const text = Array.from({ length: 200_000 }, (_, i) => `${i} ${Math.sin(i)}\n`).join('');
    const file = path.join(await tempFolder(), `x.${kind}`);
    const packed = pack(text);
    await writeFile(file, packed);
    const log = await openLog(file, 'read');
    onTestFinished(() => log.content.close());
    const into = Buffer.alloc(1024);
    expect(await log.content.read(into, 1024, 0)).toBe(1024);
    // In place, and at the same time, as far as anybody can see.
    const writer = await open(file, 'r+');
    await writer.write(flip(packed, packed.length - 1000), packed.length - 2000, 2000, packed.length - 2000);
    await writer.close();
    await utimes(file, new Date(0), new Date(0));
    const all = async (): Promise<void> => {
      for (let at = 1024; at < text.length; at += 1024) {
        const count = await log.content.read(into, 1024, at);
        expect(into.toString('latin1', 0, count)).toBe(text.slice(at, at + count));
        log.content.forget(at);
      }
    };
    await expect(all()).rejects.toThrow('it was changed while it was read');
  });
});

describe('a zstd frame', () => {
  it('without a checksum counts as damaged, and is named with the remedy', async () => {
    const packed = Buffer.concat([zstd(A), zstd(B, 0), zstd(C)]);
    const { texts, failure } = await read('x.zst', packed);
    expect(texts).toBe(A);
    expect(failure).toContain('has no checksum (zstd --check writes one)');
  });

  it('of the command-line tool is read, with or without a size in its header', async () => {
    const folder = await tempFolder();
    const file = path.join(folder, 'x');
    await writeFile(file, A + B);
    execFileSync('zstd', ['-q', '--check', file, '-o', `${file}.zst`]);
    const piped = execFileSync('zstd', ['-q', '--check', '-19'], { input: C });
    const packed = Buffer.concat([await readFile(`${file}.zst`), piped]);
    expect(await read('x.zst', packed)).toEqual({ texts: A + B + C });
  });

  it('that asks for much memory is not read, and the remedy said', async () => {
    const { texts, failure } = await read(
      'x.zst',
      execFileSync('zstd', ['-q', '--check', '--long'], { input: A }),
    );
    expect(texts).toBe('');
    expect(failure).toContain('unpack it first (zstd -dc --long=31)');
  });

  it('that is to be skipped is skipped', async () => {
    const skippable = Buffer.from('\x5a\x2a\x4d\x18\x05\0\0\0hello', 'latin1');
    const empty = Buffer.from('\x50\x2a\x4d\x18\0\0\0\0', 'latin1');
    const packed = Buffer.concat([skippable, zstd(A), empty, zstd(B), skippable]);
    expect(await read('access.log.1', packed)).toEqual({ texts: A + B });
  });

  it('that repeats a byte, or holds nothing packed, is walked as any other', async () => {
    const noise = Array.from({ length: 400_000 }, () => Math.random().toString(36)).join('\n');
    const text = `${'\0'.repeat(1_000_000)}\n${noise}\n`;
    expect(await verified(Buffer.concat([zstd(text), zstd(A)]), 'zst')).toMatchObject({
      unpacked: text.length + A.length,
    });
  });
});

async function tarred(): Promise<Buffer> {
  const folder = await tempFolder();
  await writeFile(path.join(folder, 'one'), A);
  await writeFile(path.join(folder, 'two'), B);
  return execFileSync('tar', ['cf', '-', 'one', 'two'], { cwd: folder });
}

describe('a file of a tar archive', () => {
  it.each([
    ['gz', (tar: Buffer) => gzipSync(tar)],
    ['zst', (tar: Buffer) => zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ] as const)('is read whole or not at all (tar.%s)', async (kind, pack) => {
    const tar = await tarred();
    expect(await read(`x.tar.${kind}`, pack(tar))).toEqual({ texts: A + B });
    // Nothing but its content says so.
    expect(await read('access.log.1', pack(tar))).toEqual({ texts: A + B });
    const cut = await read(`x.tar.${kind}`, pack(tar.subarray(0, tar.indexOf(B) + 100)));
    expect(cut.texts).toBe(A);
    expect(cut.failure).toContain('do not verify: Unexpected end of data');
    const packed = pack(tar);
    const damaged = await read(`x.tar.${kind}`, flip(packed, packed.length - 6));
    expect(damaged.texts).toBe('');
  });
});

it('a rename does not keep a file that is being read from being read', async () => {
  const folder = await tempFolder();
  const text = Array.from({ length: 200_000 }, (_, i) => `${i} ${Math.sin(i)}\n`).join('');
  const file = path.join(folder, 'x.1.gz');
  await writeFile(file, gzipSync(text));
  const recorder = new Recorder();
  recorder.gate = (call) => (call === 'started' ? rename(file, path.join(folder, 'x.2.gz')) : undefined);
  await readFinished([file], { source: 's', maxLineBytes: 1024, consumer: recorder });
  expect(recorder.lines_).toHaveLength(200_000);
});
