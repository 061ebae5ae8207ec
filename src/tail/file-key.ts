/** A file by what stays the same when it is renamed: device and inode. */
import { stat } from 'node:fs/promises';

export const fileKey = (dev: string | bigint, ino: string | bigint): string => `${dev}:${ino}`;

/** Whether the path names this file (device and inode) now. */
export async function names(file: string, key: string): Promise<boolean> {
  const now = await stat(file, { bigint: true }).catch(() => undefined);
  return now !== undefined && fileKey(now.dev, now.ino) === key;
}
