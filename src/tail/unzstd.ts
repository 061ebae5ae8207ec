/** Unpacks zstd frame by frame, and says where each one ended well. */
import type { FileHandle } from 'node:fs/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { Decoder, OUTPUT_BYTES } from './decoder.ts';
import { packedInput, type InputOptions } from './packed-input.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Memory that a frame may ask for, as a power of two: 32 MiB, what `zstd -20` asks for. */
const WINDOW_LOG_MAX = 25;

export interface FrameHooks {
  /** A frame begins at this packed byte. Throws when it is not wanted. */
  readonly begun?: (checksum: boolean) => void;
  /** The frames up to this packed byte have the content and the checksums that they say. */
  readonly ended?: (at: number) => void;
}

/** Rejects at damage, when all that precedes it has come out. */
export async function* unzstd(
  file: FileHandle,
  options: InputOptions,
  { begun, ended }: FrameHooks = {},
): AsyncGenerator<Buffer, void> {
  const frames = new ZstdFrames();
  let decoder: Decoder | undefined;
  let isBegun = false;
  try {
    for await (const { from, bytes } of packedInput(file, options)) {
      for (let at = 0; at < bytes.length;) {
        const rest = bytes.subarray(at);
        const count = frames.take(rest);
        if (frames.isPadding) break;
        if (!isBegun && frames.checksum !== undefined) {
          isBegun = true;
          begun?.(frames.checksum);
        }
        decoder ??= new Decoder(
          createZstdDecompress({
            chunkSize: OUTPUT_BYTES,
            params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
          }),
        );
        yield* decoder.feed(rest.subarray(0, count));
        if (decoder.failure !== undefined) throw explained(decoder.failure);
        at += count;
        if (!frames.isBetween) continue;
        yield* decoder.finish();
        if (decoder.failure !== undefined) throw explained(decoder.failure);
        decoder.destroy();
        decoder = undefined;
        isBegun = false;
        ended?.(from + at);
      }
    }
    if (frames.isBetween) return;
    if (decoder !== undefined) yield* decoder.finish();
    throw new Error('unexpected end of file');
  } finally {
    decoder?.destroy();
  }
}

function explained(error: Error): Error {
  if (!/memory|window/i.test(error.message)) return error;
  return new Error(`${error.message} (a window over 32 MiB): unpack it first (zstd -dc --long=31)`, {
    cause: error,
  });
}
