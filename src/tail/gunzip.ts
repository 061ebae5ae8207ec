/** Unpacks gzip, with all its members, as one stream. */
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Decoder, OUTPUT_BYTES, release } from './decoder.ts';
import { packedInput, type InputOptions, type Span } from './packed-input.ts';

/** Input that cannot be unpacked to its end. */
class DamagedPiece extends Error {
  readonly span: Span;

  constructor(span: Span, cause: Error) {
    super(cause.message, { cause });
    this.span = span;
  }
}

/** Rejects at damage, and at what is neither a member nor padding. What came out before need not be all there is. */
export async function* gunzip(file: FileHandle, options: InputOptions): AsyncGenerator<Buffer, void> {
  const decoder = new Decoder(createGunzip({ chunkSize: OUTPUT_BYTES }));
  let isEmpty = true;
  try {
    for await (const { from, bytes } of packedInput(file, options)) {
      isEmpty = false;
      if (!decoder.ended) yield* decoder.feed(bytes);
      if (decoder.failure !== undefined) {
        throw new DamagedPiece({ from, to: from + bytes.length }, decoder.failure);
      }
      if (decoder.ended) refuseGarbage(bytes.subarray(Math.max(0, decoder.consumed - from)));
    }
    // A log that is empty may be packed to nothing at all.
    if (isEmpty) return;
    yield* decoder.finish();
    if (decoder.failure !== undefined) throw decoder.failure;
  } finally {
    decoder.destroy();
  }
}

/** The same, but all bytes before the damage come out, unverified as they are. */
export async function* salvage(file: FileHandle, options: InputOptions): AsyncGenerator<Buffer, void> {
  let unpacked = 0;
  try {
    for await (const bytes of gunzip(file, options)) {
      unpacked += bytes.length;
      yield bytes;
    }
  } catch (error) {
    if (!(error instanceof DamagedPiece) || error.span.to - error.span.from === 1) throw error;
    // zlib keeps back what it had of the damaged piece. It gets that in smaller ones, down to a byte, and with it once
    // more all that comes before.
    let known = unpacked;
    for await (const bytes of salvage(file, { ...options, doubtful: error.span })) {
      const { length } = bytes;
      if (length > known) yield bytes.subarray(known);
      else release(bytes);
      known = Math.max(0, known - length);
    }
  }
}

function refuseGarbage(bytes: Buffer): void {
  if (bytes.some((byte) => byte !== 0)) throw new Error('what follows is no gzip member');
}
