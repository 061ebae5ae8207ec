/**
 * The seam between the durable state and the file system. Everything below `state_dir` is written through it,
 * so that tests can make each call fail, tear or stop the process. The comments are the contract that the
 * crash reasoning in docs/spool.md stands on.
 */
import * as fs from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  statfs,
  truncate,
  unlink,
} from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface StateFs {
  /** Creates a folder (0700) and its parents; fine when it exists. When it resolves its name is durable. */
  makeDir(path: string): Promise<void>;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Bytes of a file; undefined when it does not exist. */
  size(path: string): Promise<number | undefined>;
  /** All of a file. `room` may give memory for so many bytes, to be used instead of new memory. */
  read(path: string, room?: (bytes: number) => Buffer): Promise<Buffer>;
  /** Up to `bytes` bytes from `offset`, fewer where the file ends. */
  readAt(path: string, offset: number, bytes: number): Promise<Buffer>;
  /** Creates or empties a file (0600) and writes `parts`. When it resolves the content is durable; its name is not. */
  write(path: string, parts: readonly Buffer[]): Promise<void>;
  /**
   * Writes at `offset` of a file (created 0600) and makes all of it durable. When it rejects, bytes from `offset` on
   * are undefined. What overwrites bytes that were there needs no free space (except on copy-on-write file systems).
   */
  writeAt(path: string, offset: number, bytes: Buffer): Promise<void>;
  /** Cuts a file off; durable with the next `writeAt`. */
  truncate(path: string, size: number): Promise<void>;
  /** Atomic: afterwards `to` is the old or the new file, never a mixture. Durable after `syncDir` of its folder. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name. Rejects where there is such a name, or the file system knows no such thing. */
  link(from: string, to: string): Promise<void>;
  /** Fine when the file does not exist. Durable after `syncDir`. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncDir(path: string): Promise<void>;
  /** Tells file systems apart: the one on which `path` is, or would be made. */
  device(path: string): Promise<string>;
  /** Bytes that this user may still write on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

/**
 * Plain descriptors, opened and synced by the thread pool, and closed in place: after a sync there is nothing left to
 * wait for, and each trip to the pool costs the main thread some 30 µs, ten of them a chunk (measured).
 */
const openFile = promisify(fs.open);
const readFrom = promisify(fs.read);
const writev = promisify(fs.writev);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const { O_CREAT, O_DSYNC, O_TRUNC, O_WRONLY } = fs.constants;

/** On Linux what is written to such a descriptor is durable when the write returns: one trip instead of two. */
const DURABLE = process.platform === 'linux' ? O_DSYNC : 0;

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));

export const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT');
/** The medium is damaged there. */
export const isUnreadable = (error: unknown): boolean => hasCode(error, 'EIO');

/** The real file system. */
export const diskFs: StateFs = {
  async makeDir(path) {
    const folder = resolve(path);
    // Also when it was there: whoever made it may have been killed before it was durable.
    const first = (await mkdir(folder, { recursive: true, mode: 0o700 })) ?? folder;
    for (let made = folder; made.length >= first.length; made = dirname(made)) {
      // A parent that we may not read was not made by us, and is somebody else's to keep.
      await diskFs.syncDir(dirname(made)).catch((error: unknown) => {
        if (!hasCode(error, 'EACCES')) throw error;
      });
    }
  },
  async list(path) {
    try {
      return (await readdir(path)).toSorted();
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
      throw error;
    }
  },
  async size(path) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  read: (path, room) => (room === undefined ? readFile(path) : readInto(path, room)),
  async readAt(path, offset, bytes) {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
  write: (path, parts) => writeDurably(path, O_WRONLY | O_CREAT | O_TRUNC | DURABLE, parts, 0),
  writeAt: (path, offset, bytes) => writeDurably(path, O_WRONLY | O_CREAT, [bytes], offset),
  truncate: (path, size) => truncate(path, size),
  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  async remove(path) {
    await unlink(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  },
  async syncDir(path) {
    const folder = fs.openSync(path, 'r');
    try {
      await fsync(folder);
    } catch (error) {
      // Some network and FUSE file systems know no such thing; there is nothing better to do on them.
      if (!hasCode(error, 'EINVAL', 'ENOTSUP')) throw error;
    } finally {
      fs.closeSync(folder);
    }
  },
  async device(path) {
    for (let at = resolve(path); ; at = dirname(at)) {
      try {
        return String((await stat(at)).dev);
      } catch (error) {
        if (!isMissing(error) || at === dirname(at)) throw error;
      }
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

async function readInto(path: string, room: (bytes: number) => Buffer): Promise<Buffer> {
  const file = await openFile(path, 'r', 0);
  try {
    const { size } = fs.fstatSync(file);
    const bytes = room(size).subarray(0, size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await readFrom(file, bytes, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    fs.closeSync(file);
  }
}

async function writeDurably(
  path: string,
  flags: number,
  parts: readonly Buffer[],
  offset: number,
): Promise<void> {
  const file = await openFile(path, flags, 0o600);
  try {
    await writeAll(file, parts, offset);
    if ((flags & DURABLE) === 0) await fdatasync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** A disk that runs full takes a part of a write and reports success; only the next write fails. */
async function writeAll(file: number, parts: readonly Buffer[], offset: number): Promise<void> {
  let rest = parts.filter(({ length }) => length > 0);
  let position = offset;
  while (rest.length > 0) {
    const { bytesWritten } = await writev(file, rest, position);
    position += bytesWritten;
    rest = behind(rest, bytesWritten);
  }
}

/** What follows the first `bytes` of all. */
function behind(parts: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  return parts.flatMap((part) => {
    const from = Math.min(skip, part.length);
    skip -= from;
    return from < part.length ? [part.subarray(from)] : [];
  });
}
