/**
 * What of an archive is as it was packed. Damage unpacks to plausible text, so nothing is read that was not verified:
 * of gzip, members whose checksum and length hold; of zstd, frames whose checksum holds (one without any counts as
 * damaged); of tar, files that have all their bytes. What is behind the first damage stands at offsets that nobody
 * knows, and is not read either.
 *
 * Verified is remembered for as long as a file does not change; that it did not is seen by what is read, block by block
 * (`packed-input.ts`).
 */
import type { FileHandle } from 'node:fs/promises';
import { PackedLogError } from '../errors.ts';
import { isTarKind, unpack } from './archive.ts';
import { release } from './decoder.ts';
import { gunzip } from './gunzip.ts';
import { wholeMembers } from './gzip-members.ts';
import { CHANGED, noSeals, packedInput, type Seals } from './packed-input.ts';
import type { ArchiveKind } from './packing.ts';
import type { Member } from './untar.ts';
import { unzstd } from './unzstd.ts';

/** More of the packed file at a time than is read later: nobody maps lines meanwhile. */
const BLOCKS = 4;
/** Remembered, of all archives together. */
const MOST_SEALS = 500_000;
const MOST_FILES = 256;

export interface Damage {
  readonly reason: string;
  /** Packed bytes that are not read. */
  readonly from: number;
  readonly to: number;
  /** Where they would begin, unpacked: of a tar file in the tar, not in one of its files. */
  readonly unpackedFrom: number;
}

export interface Verification {
  /** Packed bytes that may be read. */
  readonly packed: number;
  /** What they unpack to. */
  readonly unpacked: number;
  /** Of a tar file: complete files in them. */
  readonly entries: number;
  /** Checksums of the blocks that were verified. */
  readonly seals: Readonly<Seals>;
  readonly damage?: Damage;
}

const remembered = new Map<string, Verification>();

/** Rejects when the file cannot be read, holds what is packed once more (PackedLogError), or `signal` aborts. */
export async function verify(
  file: FileHandle,
  path: string,
  kind: ArchiveKind,
  signal: AbortSignal,
): Promise<Verification> {
  const version = await versionOf(file);
  const key = `${kind} ${version}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const verification = await verifyNow(file, path, kind, signal);
  if ((await versionOf(file)) === version) remember(key, verification);
  return verification;
}

function remember(key: string, verification: Verification): void {
  remembered.set(key, verification);
  let seals = 0;
  for (const { seals: own } of remembered.values()) seals += own.checksums.length;
  for (const [old, { seals: own }] of remembered) {
    if (old === key || (seals <= MOST_SEALS && remembered.size <= MOST_FILES)) break;
    remembered.delete(old);
    seals -= own.checksums.length;
  }
}

async function versionOf(file: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

type Good = Pick<Verification, 'packed' | 'unpacked' | 'seals'> & { readonly reason: string | undefined };

async function verifyNow(
  file: FileHandle,
  path: string,
  kind: ArchiveKind,
  signal: AbortSignal,
): Promise<Verification> {
  const good = await (kind.endsWith('zst') ? verifyZstd : verifyGzip)(file, signal);
  const { packed, unpacked, seals } = good;
  const { size } = await file.stat();
  let { reason } = good;
  let entries = 0;
  if (isTarKind(kind) && packed > 0) {
    const tar = await countEntries(file, path, kind, { to: packed, sealed: seals }, signal);
    entries = tar.entries;
    reason ??= tar.reason;
  }
  const verified = { packed, unpacked, entries, seals };
  if (reason === undefined) return verified;
  const from = good.reason === undefined ? 0 : packed;
  const unpackedFrom = good.reason === undefined ? 0 : unpacked;
  return { ...verified, damage: { reason, from, to: Math.max(size, from), unpackedFrom } };
}

/** All at once; member by member only when that shows damage, to see which ones are whole. */
async function verifyGzip(file: FileHandle, signal: AbortSignal): Promise<Good> {
  const seals = noSeals();
  let unpacked = 0;
  try {
    for await (const bytes of gunzip(file, { blocks: BLOCKS, seal: seals })) {
      signal.throwIfAborted();
      unpacked += bytes.length;
      release(bytes);
    }
    return { packed: seals.bytes, unpacked, seals, reason: undefined };
  } catch (error) {
    if (isSystem(error) || signal.aborted) throw error;
  }
  const whole = await wholeMembers(file, signal);
  // The two looked at the same bytes.
  for await (const _ of packedInput(file, { to: whole.packed, sealed: seals })) signal.throwIfAborted();
  return { ...whole, seals, reason: whole.reason ?? CHANGED };
}

async function verifyZstd(file: FileHandle, signal: AbortSignal): Promise<Good> {
  const seals = noSeals();
  let packed = 0;
  let unpacked = 0;
  let sofar = 0;
  const frames = {
    begun(checksum: boolean): void {
      if (!checksum) throw new Error('the zstd frame has no checksum (zstd --check writes one)');
    },
    ended(at: number): void {
      packed = at;
      unpacked = sofar;
    },
  };
  try {
    for await (const bytes of unzstd(file, { blocks: BLOCKS, seal: seals }, frames)) {
      signal.throwIfAborted();
      sofar += bytes.length;
      release(bytes);
    }
    return { packed: seals.bytes, unpacked, seals, reason: undefined };
  } catch (error) {
    if (isSystem(error) || signal.aborted) throw error;
    return { packed, unpacked, seals, reason: (error as Error).message };
  }
}

/** How many files of a tar archive, of which the packed bytes are verified, have all their bytes. */
async function countEntries(
  file: FileHandle,
  path: string,
  kind: ArchiveKind,
  options: { readonly to: number; readonly sealed: Readonly<Seals> },
  signal: AbortSignal,
): Promise<{ entries: number; reason: string | undefined }> {
  let entries = 0;
  let member: Member | undefined;
  let left = 0;
  const close = (): void => {
    if (member !== undefined && left === 0) entries++;
    member = undefined;
  };
  try {
    for await (const part of unpack(file, path, kind, options)) {
      signal.throwIfAborted();
      if (Buffer.isBuffer(part)) {
        left -= part.length;
        continue;
      }
      close();
      member = part;
      left = part.size ?? 0;
    }
    close();
    return { entries, reason: undefined };
  } catch (error) {
    if (error instanceof PackedLogError || isSystem(error) || signal.aborted) throw error;
    close();
    return { entries, reason: (error as Error).message };
  }
}

const isSystem = (error: unknown): boolean => (error as NodeJS.ErrnoException).syscall !== undefined;
