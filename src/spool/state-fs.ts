/**
 * The seam between the durable state and the file system. Everything below `state_dir` is written through it,
 * so that tests can make each call fail, tear or stop the process. The comments are the contract that the
 * crash reasoning in docs/spool.md stands on.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, statfs, truncate, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export interface StateFs {
  /** Creates a folder (0700) and its parents; fine when it exists. When it resolves its name is durable. */
  makeDir(path: string): Promise<void>;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Bytes of a file; undefined when it does not exist. */
  size(path: string): Promise<number | undefined>;
  read(path: string): Promise<Buffer>;
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
  /** Fine when the file does not exist. Durable after `syncDir`. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncDir(path: string): Promise<void>;
  /** Bytes that this user may still write on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

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
  read: (path) => readFile(path),
  async readAt(path, offset, bytes) {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  },
  async write(path, parts) {
    await using file = await open(path, 'w', 0o600);
    let position = 0;
    for (const part of parts) {
      await writeAll(file, part, position);
      position += part.length;
    }
    await file.datasync();
  },
  async writeAt(path, offset, bytes) {
    await using file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    await writeAll(file, bytes, offset);
    await file.datasync();
  },
  truncate: (path, size) => truncate(path, size),
  rename: (from, to) => rename(from, to),
  async remove(path) {
    await unlink(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  },
  async syncDir(path) {
    await using folder = await open(path, 'r');
    // Some network and FUSE file systems know no such thing; there is nothing better to do on them.
    await folder.sync().catch((error: unknown) => {
      if (!hasCode(error, 'EINVAL', 'ENOTSUP')) throw error;
    });
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

/** A disk that runs full takes a part of a write and reports success; only the next write fails. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
