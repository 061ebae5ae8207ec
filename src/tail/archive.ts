/** Unpacks `.gz`, `.zst` and tar files packed so, piece by piece, in bounded memory. It verifies nothing by itself. */
import type { FileHandle } from 'node:fs/promises';
import { release } from './decoder.ts';
import { gunzip, salvage } from './gunzip.ts';
import type { InputOptions } from './packed-input.ts';
import { HEAD_BYTES, isTar, refuseNested, refuseSparse, type ArchiveKind } from './packing.ts';
import { untar, type Member } from './untar.ts';
import { unzstd } from './unzstd.ts';

export interface UnpackOptions extends InputOptions {
  /** All bytes before damage are wanted, however doubtful they are. */
  readonly salvage?: boolean;
}

export const isTarKind = (kind: ArchiveKind): boolean => kind.startsWith('tar.');

/**
 * Whether what is packed is a tar file, whatever its name is. What cannot be unpacked is none.
 * @throws PackedLogError for what is packed twice
 */
export async function holdsTar(file: FileHandle, path: string, kind: 'gz' | 'zst'): Promise<boolean> {
  let head: Buffer = Buffer.alloc(0);
  try {
    for await (const bytes of unpackBytes(file, kind, {})) {
      head = Buffer.concat([head, bytes.subarray(0, HEAD_BYTES - head.length)]);
      release(bytes);
      if (head.length === HEAD_BYTES) break;
    }
  } catch {
    // Whoever reads it will hear of it.
  }
  if (isTar(head)) return true;
  refuseNested(path, '', head);
  return false;
}

/**
 * The regular files of an archive one after the other: a `Member`, then its bytes. Does not close `file`. Throws
 * PackedLogError at a file in it that is not a plain log, before it is known whether its bytes verify.
 */
export async function* unpack(
  file: FileHandle,
  path: string,
  kind: ArchiveKind,
  options: UnpackOptions = {},
): AsyncGenerator<Member | Buffer, void> {
  const bytes = unpackBytes(file, kind, options);
  if (isTarKind(kind)) {
    yield* plainOnly(path, untar(bytes));
    return;
  }
  yield { name: '' };
  yield* bytes;
}

/** Looks at the first bytes of each file, as at those of a file that is not packed. */
async function* plainOnly(
  path: string,
  parts: AsyncGenerator<Member | Buffer, void>,
): AsyncGenerator<Member | Buffer, void> {
  let name = '';
  let head: Buffer | undefined;
  for await (const part of parts) {
    if (!Buffer.isBuffer(part)) {
      if (part.sparse === true) refuseSparse(path, part.name);
      ({ name } = part);
      head = Buffer.alloc(0);
    } else if (head !== undefined) {
      head = Buffer.concat([head, part.subarray(0, HEAD_BYTES - head.length)]);
      refuseNested(path, name, head);
      if (head.length === HEAD_BYTES) head = undefined;
    }
    yield part;
  }
}

function unpackBytes(
  file: FileHandle,
  kind: ArchiveKind,
  options: UnpackOptions,
): AsyncGenerator<Buffer, void> {
  if (kind.endsWith('zst')) return unzstd(file, options);
  return options.salvage === true ? salvage(file, options) : gunzip(file, options);
}
