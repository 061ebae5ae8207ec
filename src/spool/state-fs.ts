/**
 * The seam between the durable state and the file system. Everything below `state_dir` is written through it,
 * so that tests can make each call fail, tear or stop the process. The comments are the contract that the
 * crash reasoning in docs/spool.md stands on.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, statfs, truncate, unlink } from 'node:fs/promises';

export interface StateFs {
  /** Creates a folder (0700) and its parents; fine when it exists. */
  makeDir(path: string): Promise<void>;
  /** Names in a folder, sorted; none when it does not exist. */
  list(path: string): Promise<string[]>;
  /** Bytes of a file; undefined when it does not exist. */
  size(path: string): Promise<number | undefined>;
  read(path: string): Promise<Buffer>;
  /** Up to `bytes` bytes from `offset`, fewer where the file ends. */
  readAt(path: string, offset: number, bytes: number): Promise<Buffer>;
  /** Creates or empties a file (0600) and writes `parts`. When it resolves the content is durable; its name is not. */
  write(path: string, parts: readonly Buffer[]): Promise<void>;
  /** Writes at `offset` of a file (created 0600) and makes it durable. When it rejects, bytes from `offset` on are undefined. */
  writeAt(path: string, offset: number, bytes: Buffer): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  /** Atomic: afterwards `to` is the old or the new file, never a mixture. Durable after `syncDir`. */
  rename(from: string, to: string): Promise<void>;
  /** Fine when the file does not exist. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncDir(path: string): Promise<void>;
  /** Bytes that this user may still write on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The real file system. */
export const diskFs: StateFs = {
  async makeDir(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(path) {
    try {
      return (await readdir(path)).toSorted();
    } catch (error) {
      if (isMissing(error)) return [];
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
    await file.writev(parts);
    await file.datasync();
  },
  async writeAt(path, offset, bytes) {
    await using file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    await file.write(bytes, 0, bytes.length, offset);
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
    await folder.sync();
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

/** Puts `parts` in place of `path`: after a crash at any moment it has the old or the new content, whole. */
export async function replaceFile(
  fs: StateFs,
  folder: string,
  name: string,
  parts: readonly Buffer[],
): Promise<void> {
  const temporary = `${folder}/${name}.tmp`;
  await fs.write(temporary, parts);
  await fs.rename(temporary, `${folder}/${name}`);
  await fs.syncDir(folder);
}
