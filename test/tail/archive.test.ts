/** Archives that are damaged, or unpack to far more than their size: what comes out, and what is held in memory. */
import { execFileSync } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unpack } from '../../src/tail/archive.ts';
import { release } from '../../src/tail/decoder.ts';
import type { ArchiveKind } from '../../src/tail/packing.ts';
import type { Member } from '../../src/tail/untar.ts';
import { tempFolder } from './harness.ts';

const LINES = Array.from({ length: 60_000 }, (_, index) => `{"n":${index},"x":"${Math.sin(index)}"}\n`).join(
  '',
);

async function parts(packed: Buffer, kind: ArchiveKind): Promise<AsyncGenerator<Member | Buffer, void>> {
  const file = path.join(await tempFolder(), 'packed');
  await writeFile(file, packed);
  const handle = await open(file);
  onTestFinished(() => handle.close());
  return unpack(handle, 'in.log', kind, { salvage: true });
}

/** All that comes out, and the message of the failure at its end. */
async function outcome(packed: Buffer, kind: ArchiveKind): Promise<{ text: string; failure?: string }> {
  const out: Buffer[] = [];
  const text = (): string => Buffer.concat(out).toString();
  try {
    for await (const part of await parts(packed, kind)) if (Buffer.isBuffer(part)) out.push(part);
  } catch (error) {
    return { text: text(), failure: (error as Error).message };
  }
  return { text: text() };
}

async function tarred(text: string): Promise<Buffer> {
  const folder = await tempFolder();
  await writeFile(path.join(folder, 'access.log'), text);
  execFileSync('tar', ['czf', 'logs.tar.gz', 'access.log'], { cwd: folder });
  return readFile(path.join(folder, 'logs.tar.gz'));
}

function spoilChecksum(gzipped: Buffer): void {
  const checksum = gzipped.length - 8;
  gzipped.writeUInt32LE((gzipped.readUInt32LE(checksum) ^ 1) >>> 0, checksum);
}

describe('all bytes before damage come out, where what does not verify is wanted', () => {
  it.each(['gz', 'tar.gz'] as const)('that shows in the checksum at the end (%s)', async (kind) => {
    const packed = kind === 'gz' ? gzipSync(LINES) : await tarred(LINES);
    spoilChecksum(packed);
    expect(await outcome(packed, kind)).toEqual({ text: LINES, failure: 'incorrect data check' });
  });

  it.each([1, 127, 128, 129, 500])('that begins after some %i KiB of input', async (kib) => {
    // Cut behind a whole block of deflate, where no kind of block has this number.
    const text = LINES.slice(0, kib * 3200);
    const header = gzipSync('').subarray(0, 10);
    const blocks = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
    const packed = Buffer.concat([header, blocks, Buffer.alloc(200_000, 0x07)]);
    expect(await outcome(packed, 'gz')).toEqual({ text, failure: 'invalid block type' });
  });

  it.each([
    ['in the packed file, too', true],
    ['that was packed', false],
  ])('of a tar file, %s', async (_, both) => {
    // Behind one file, where the header of the next one would be.
    const tar = Buffer.concat([
      gunzipSync(await tarred('a1\na2\n')).subarray(0, 1024),
      Buffer.alloc(3 * 512, 0xff),
    ]);
    const packed = gzipSync(tar);
    if (both) spoilChecksum(packed);
    const failure = expect.stringContaining('Invalid tar header') as unknown;
    expect(await outcome(packed, 'tar.gz')).toEqual({ text: 'a1\na2\n', failure });
  });

  it.each([0, 300, 512, 515, 1000])('that is an early end of a tar file, after %i bytes', async (length) => {
    const tar = gunzipSync(await tarred('a1\na2\n'));
    const text = 'a1\na2\n'.slice(0, Math.max(0, length - 512));
    const failure = length === 0 ? {} : { failure: 'Unexpected end of data' };
    expect(await outcome(gzipSync(tar.subarray(0, length)), 'tar.gz')).toEqual({ text, ...failure });
  });

  it('that is an early end', async () => {
    const packed = gzipSync(LINES);
    const { text, failure } = await outcome(packed.subarray(0, packed.length / 2), 'gz');
    expect(failure).toBe('unexpected end of file');
    expect(text.length).toBeGreaterThan(LINES.length / 3);
    expect(text).toBe(LINES.slice(0, text.length));
  });
});

it('an archive that unpacks to a thousand times its size takes no more memory than any other', async () => {
  const zeros = gzipSync(Buffer.alloc(2 ** 20));
  const packed = Buffer.concat(Array.from({ length: 256 }, () => zeros));
  const before = process.memoryUsage().arrayBuffers;
  let count = 0;
  let most = 0;
  for await (const part of await parts(packed, 'gz')) {
    if (!Buffer.isBuffer(part)) continue;
    count += part.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    release(part);
  }
  expect(count).toBe(256 * 2 ** 20);
  expect(most).toBeLessThan(16 * 2 ** 20);
});
