/** Unpacks `.gz`, `.zst` and tar files packed so, piece by piece, in bounded memory. It verifies nothing by itself. */
import type { FileHandle } from 'node:fs/promises';
import { gunzip, salvage } from './gunzip.ts';
import type { InputOptions } from './packed-input.ts';
import { isTar, type ArchiveKind } from './packing.ts';
import { untar, type Member } from './untar.ts';
import { unzstd } from './unzstd.ts';

export interface UnpackOptions extends InputOptions {
  /** All bytes before damage are wanted, however doubtful they are. */
  readonly salvage?: boolean;
}

export const isTarKind = (kind: ArchiveKind): boolean => kind.startsWith('tar.');

/** Whether what is packed is a tar file, whatever its name is. What cannot be unpacked is none. */
export async function holdsTar(file: FileHandle, kind: 'gz' | 'zst'): Promise<boolean> {
  try {
    for await (const bytes of unpackBytes(file, kind, {})) return isTar(bytes);
  } catch {
    // Whoever reads it will hear of it.
  }
  return false;
}

/** The regular files of an archive one after the other: a `Member`, then its bytes. Does not close `file`. */
export async function* unpack(
  file: FileHandle,
  kind: ArchiveKind,
  options: UnpackOptions = {},
): AsyncGenerator<Member | Buffer, void> {
  const bytes = unpackBytes(file, kind, options);
  if (isTarKind(kind)) {
    yield* untar(bytes);
    return;
  }
  yield { name: '' };
  yield* bytes;
}

function unpackBytes(
  file: FileHandle,
  kind: ArchiveKind,
  options: UnpackOptions,
): AsyncGenerator<Buffer, void> {
  if (kind.endsWith('zst')) return unzstd(file, options);
  return options.salvage === true ? salvage(file, options) : gunzip(file, options);
}
