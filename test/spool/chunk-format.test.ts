import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CorruptChunkError, NewerChunkError } from '../../src/errors.ts';
import { decodeChunk, encodeHeader, verifyChunk } from '../../src/spool/chunk-format.ts';
import { chunkName, parseChunkName } from '../../src/spool/layout.ts';
import type { SealedChunk } from '../../src/types.ts';

const FOLDER = new URL('../../fixtures/chunks/', import.meta.url);
const read = (name: string): Promise<Buffer> => readFile(new URL(`${name}.ndjson`, FOLDER));
const CHUNK: SealedChunk = {
  destination: 'lago',
  sequence: 42,
  file: 'whole.ndjson',
  bytes: 0,
  events: 3,
  fingerprint: '9b74c9897bac770ffc029102a200c5de',
  from: 7000,
  to: 8300,
  checksum: 0x33ab9411,
};
/** As the file of this chunk is called. */
const NAME = chunkName(CHUNK);

/** What decoding a file of the fixtures says. */
async function decode(name: string): Promise<Error | undefined> {
  try {
    decodeChunk({ ...CHUNK, file: name }, await read(name));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const IN_LOG = 'by its header its events come from bytes 7000 to 8300 of /var/log/nginx/access.log';
/** Every file in `fixtures/chunks` but `whole`, and what is said of it. */
const DAMAGES = {
  'bit-flipped-in-an-event': `the checksum does not fit; ${IN_LOG}`,
  'bit-flipped-in-the-last-byte': `the checksum does not fit; ${IN_LOG}`,
  'bit-flipped-in-the-header':
    'the checksum does not fit; by its header its events come from bytes 7000 to 9300 of /var/log/nginx/access.log',
  'bit-flipped-in-the-version': 'the checksum does not fit',
  'bit-flipped-in-the-checksum': `the checksum does not fit; ${IN_LOG}`,
  'bit-flipped-in-the-first-byte': 'the first line is no whole chunk header',
  'header-newline-flipped': 'the first line is no whole chunk header',
  'cut-off-in-the-header': 'the first line is no whole chunk header',
  'cut-off-after-the-header': `534 bytes of events expected, 0 found; ${IN_LOG}`,
  'cut-off-in-an-event': `534 bytes of events expected, 250 found; ${IN_LOG}`,
  'cut-off-before-the-last-newline': `534 bytes of events expected, 533 found; ${IN_LOG}`,
  'an-event-too-many': `534 bytes of events expected, 716 found; ${IN_LOG}`,
  empty: 'the first line is no whole chunk header',
  zeros: 'the first line is no whole chunk header',
  'zeros-in-the-middle': `the checksum does not fit; ${IN_LOG}`,
} as const;

describe('a chunk file', () => {
  test('gives back what was sealed', async () => {
    const bytes = await read('whole');
    const loaded = decodeChunk(CHUNK, bytes);
    const texts = [0, 1, 2].map((i) =>
      loaded.body.toString('utf8', loaded.starts[i], loaded.starts[i + 1]! - 1),
    );
    expect(texts).toEqual(bytes.toString('utf8').split('\n').slice(1, 4));
    expect([...loaded.lineOffsets]).toEqual([7000, 7320, 7960]);
    expect(loaded).toMatchObject({ source: '/var/log/nginx/access.log', generation: { ino: '131074' } });
  });

  test('has the format of version 1, byte for byte', async () => {
    const bytes = await read('whole');
    const { header, body, checksum } = verifyChunk('whole', bytes);
    expect(checksum).toBe(CHUNK.checksum);
    expect(Buffer.concat([encodeHeader(header, checksum), body])).toEqual(bytes);
  });

  test.each(Object.entries(DAMAGES))('%s is found to be damaged', async (name, damage) => {
    const error = await decode(name);
    expect(error).toBeInstanceOf(CorruptChunkError);
    expect(error).not.toBeInstanceOf(NewerChunkError);
    expect(error?.message).toBe(`${name}: ${damage}`);
  });

  test('of a later version is told from a damaged one', async () => {
    const error = await decode('of-a-later-version');
    expect(error).toBeInstanceOf(NewerChunkError);
    expect(error).toMatchObject({
      code: 'TM_CHUNK_NEWER',
      message: expect.stringContaining('chunk format 2 is not known') as string,
    });
  });

  test('with any one bit flipped is found to be damaged', async () => {
    const bytes = await read('whole');
    const unnoticed: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      try {
        decodeChunk(CHUNK, flipped);
        unnoticed.push(bit);
      } catch (error) {
        if (!(error instanceof CorruptChunkError) || error instanceof NewerChunkError) throw error;
      }
    }
    expect(unnoticed).toEqual([]);
  });

  test('cut off anywhere is found to be damaged', async () => {
    const bytes = await read('whole');
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeChunk(CHUNK, bytes.subarray(0, length))).toThrow(CorruptChunkError);
    }
  });

  test('that holds another number of events than its name says is found to be damaged', async () => {
    const bytes = await read('whole');
    expect(() => decodeChunk({ ...CHUNK, events: 2 }, bytes)).toThrow('2 events expected, 3 found');
  });

  test('that holds other events than its name says is found to be damaged', async () => {
    const bytes = await read('whole');
    expect(() => decodeChunk({ ...CHUNK, checksum: 1 }, bytes)).toThrow('it holds other events');
  });

  test('has a case in this file for every damaged one in fixtures/chunks', async () => {
    const names = (await readdir(FOLDER)).map((name) => name.replace('.ndjson', ''));
    expect(names.toSorted()).toEqual([...Object.keys(DAMAGES), 'of-a-later-version', 'whole'].toSorted());
  });
});

describe('the name of a chunk', () => {
  const { fingerprint, from, to } = CHUNK;
  const named = [999, 1000, 10_000].map((sequence) => ({
    sequence,
    events: 7,
    fingerprint,
    from,
    to,
    checksum: 0xabc,
  }));

  test('says its number, and what to read again; it sorts by the number', () => {
    const names = named.map(chunkName);
    expect(names.toSorted()).toEqual(names);
    expect(names.map(parseChunkName)).toEqual(named);
  });

  test.each([
    `${NAME}.tmp`,
    NAME.slice(1),
    NAME.replace('9b74', 'xyz0'),
    NAME.toUpperCase(),
    '0000000000000001-5.ndjson',
    'notes.txt',
    '.nfs1234',
    '',
  ])('is not %j', (name) => {
    expect(parseChunkName(name)).toBeUndefined();
  });
});
