/**
 * The bytes of one generation, wherever they are kept: a growing file (here) or an archive (`archive-content.ts`). What
 * a file is, its first bytes decide, not its name.
 */
import { constants, fstatSync, readlinkSync, readSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { holdsTar } from './archive.ts';
import { ArchiveContent, type ReadPurpose } from './archive-content.ts';
import { holdDescriptor, releaseDescriptor } from './descriptors.ts';
import { HEAD_BYTES, kindOf, refusePacked, type LogKind } from './packing.ts';

export interface ContentStat {
  /** Bytes now; of an archive, those that were unpacked so far. */
  readonly size: number;
  /** Unix nanoseconds of the last write. */
  readonly mtimeNs: bigint;
  /** Names that the file still has; 0 when it was deleted. */
  readonly links: number;
}

export interface Content {
  /** More bytes may come. False for an archive, whose end is the end. */
  readonly growing: boolean;
  /** Reads into the start of `into`; resolves to the number of bytes, fewer than `length` only at the end. */
  read(into: Buffer, length: number, position: number): Promise<number>;
  /** The first bytes, to see what log it is. Rejects when they say that it is none, but packed. */
  head(into: Buffer, length: number): Promise<number>;
  /**
   * Whether it can be read from without long waiting. An archive is verified first, which asking begins; a growing file
   * always can.
   */
  prepare(): boolean;
  /**
   * The same for a few bytes of a growing file, at once: right after a read they come from memory, and a trip to the
   * thread pool would cost ten times as much.
   */
  peek(into: Buffer, length: number, position: number): number;
  /** Bytes below `position` will not be asked for again. */
  forget(position: number): void;
  stat(): Promise<ContentStat>;
  /** The same for a growing file at once, right after a read, as with `peek`. */
  glance(): ContentStat;
  /** The name that the system knows for an open file, wherever it was moved to; undefined when it does not tell. */
  where?(): string | undefined;
  close(): Promise<void>;
}

/** An open log. `dev` and `ino` are those of the descriptor, not of whatever the path names by now. */
export interface OpenLog {
  readonly path: string;
  readonly kind: LogKind;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Unix nanoseconds of the last change of the file, which no tool can set; of an archive, of the archive. */
  readonly ctimeNs: bigint;
  /** When the file was created, Unix nanoseconds; 0 where the file system does not say. */
  readonly birthNs: bigint;
  /** Changes when the file is written to. */
  readonly version: string;
  readonly content: Content;
}

class FileContent implements Content {
  readonly growing = true;
  readonly #path: string;
  readonly #file: FileHandle;
  #closed = false;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
    holdDescriptor();
  }

  async head(into: Buffer, length: number): Promise<number> {
    const count = await this.read(into, length, 0);
    refusePacked(this.#path, into.subarray(0, count));
    return count;
  }

  prepare(): boolean {
    return true;
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    const { bytesRead } = await this.#file.read(into, 0, length, position);
    return bytesRead;
  }

  peek(into: Buffer, length: number, position: number): number {
    return readSync(this.#file.fd, into, 0, length, position);
  }

  forget(): void {
    // A file keeps its bytes.
  }

  async stat(): Promise<ContentStat> {
    return statOf(await this.#file.stat({ bigint: true }));
  }

  glance(): ContentStat {
    return statOf(fstatSync(this.#file.fd, { bigint: true }));
  }

  where(): string | undefined {
    try {
      const path = readlinkSync(`/proc/self/fd/${this.#file.fd}`);
      return path.startsWith('/') && !path.endsWith(' (deleted)') ? path : undefined;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) releaseDescriptor();
    this.#closed = true;
    await this.#file.close();
  }
}

const statOf = ({ size, mtimeNs, nlink }: BigIntStats): ContentStat => ({
  size: Number(size),
  mtimeNs,
  links: Number(nlink),
});

/** Changes when a file is written to. */
export const versionOf = ({ size, mtimeNs }: Pick<BigIntStats, 'size' | 'mtimeNs'>): string =>
  `${size}:${mtimeNs}`;

/**
 * Opens a log for reading. Rejects with the error of the system, also for what is no regular file; with PackedLogError
 * for what is packed in another way than those that are read here.
 * @param purpose `grow`: what a followed path names; it is read plain, whatever it is. The others: see `ReadPurpose`.
 */
export async function openLog(path: string, purpose: ReadPurpose | 'grow'): Promise<OpenLog> {
  // Non-blocking: opening a pipe that nobody writes to would never return.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
    const kind = purpose === 'grow' ? 'plain' : await kindAt(file, path);
    const content =
      kind === 'plain' || purpose === 'grow'
        ? new FileContent(path, file)
        : await ArchiveContent.open(file, path, kind, purpose);
    return {
      path,
      kind,
      dev: String(stat.dev),
      ino: String(stat.ino),
      size: Number(stat.size),
      mtimeNs: (content instanceof ArchiveContent ? content.memberMtimeNs : undefined) ?? stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      birthNs: stat.birthtimeNs,
      version: versionOf(stat),
      content,
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @throws PackedLogError */
async function kindAt(file: FileHandle, path: string): Promise<LogKind> {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
  const kind = kindOf(path, head.subarray(0, bytesRead));
  if (kind !== 'gz' && kind !== 'zst') return kind;
  return (await holdsTar(file, path, kind)) ? `tar.${kind}` : kind;
}
