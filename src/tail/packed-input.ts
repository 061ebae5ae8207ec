/**
 * Reads a packed file piece by piece. When it is verified, each block gets a checksum; when it is read after that, no
 * byte of a block is unpacked that does not have it still. So what is read is what was verified, whoever writes to the
 * file in between.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const BLOCK_BYTES = 128 * 1024;

/** A part of the packed file. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Checksums of the blocks of a file, and how many bytes they are of. */
export interface Seals {
  bytes: number;
  readonly checksums: number[];
}

export const noSeals = (): Seals => ({ bytes: 0, checksums: [] });

/** A piece of it; valid until the next one is asked for. */
export interface PackedPiece {
  readonly from: number;
  readonly bytes: Buffer;
}

export interface InputOptions {
  readonly from?: number;
  readonly to?: number;
  /** Blocks that are read at a time; 1. */
  readonly blocks?: number;
  /** Takes the checksum of each block. Only from byte 0 on. */
  readonly seal?: Seals;
  /** What the blocks must have; those behind them are not known. Only from byte 0 on. */
  readonly sealed?: Readonly<Seals>;
  /** Where damage was found: to be given in smaller pieces. */
  readonly doubtful?: Span;
}

/** Why it is not read on. */
export const CHANGED = 'it was changed while it was read';

/** By so much smaller are pieces of input in which damage is looked for. */
const SMALLER = 512;

/** Rejects when a block is not what it was when it was verified. */
export async function* packedInput(
  file: FileHandle,
  { from = 0, to = Infinity, blocks = 1, seal, sealed, doubtful = { from: 0, to: 0 } }: InputOptions = {},
): AsyncGenerator<PackedPiece, void> {
  const size = blocks * BLOCK_BYTES;
  const read = (input: Buffer, position: number): Promise<number> => {
    const reading = readFully(file, input, position);
    // Nobody may ask for it any more.
    reading.catch(() => {});
    return reading;
  };
  let [input, spare] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)];
  let start = from;
  let reading = read(input, start);
  for (let count = await reading; count > 0 && start < to; count = await reading) {
    // The next bytes are read while these are unpacked.
    reading = read(spare, start + count);
    if (seal !== undefined || sealed !== undefined) checkBlocks(input, start, count, seal, sealed);
    const wanted = Math.min(count, to - start);
    for (let at = 0; at < wanted;) {
      const position = start + at;
      let length = wanted - at;
      if (position < doubtful.from) length = Math.min(length, doubtful.from - position);
      else if (position < doubtful.to)
        length = Math.min(length, Math.ceil((doubtful.to - doubtful.from) / SMALLER));
      yield { from: position, bytes: input.subarray(at, at + length) };
      at += length;
    }
    start += count;
    [input, spare] = [spare, input];
  }
}

/** Short reads would put the blocks elsewhere. */
async function readFully(file: FileHandle, input: Buffer, position: number): Promise<number> {
  let count = 0;
  while (count < input.length) {
    const { bytesRead } = await file.read(input, count, input.length - count, position + count);
    if (bytesRead === 0) break;
    count += bytesRead;
  }
  return count;
}

function checkBlocks(
  input: Buffer,
  start: number,
  count: number,
  seal: Seals | undefined,
  sealed: Readonly<Seals> | undefined,
): void {
  for (let at = 0; at < count; at += BLOCK_BYTES) {
    const checksum = crc32(input.subarray(at, Math.min(count, at + BLOCK_BYTES)));
    seal?.checksums.push(checksum);
    const expected = sealed?.checksums[(start + at) / BLOCK_BYTES];
    if (expected !== undefined && expected !== checksum) {
      throw new Error(CHANGED);
    }
  }
  if (seal !== undefined) seal.bytes = start + count;
}
