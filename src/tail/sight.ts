/** What identifies a log file at this moment: for who replays it, so that a daemon knows it again. */
import { openLog } from './content.ts';
import { fileKey } from './file-key.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';

export interface Sight {
  readonly path: string;
  /** Device and inode. */
  readonly key: string;
  readonly dev: string;
  readonly ino: string;
  /** Of its (first) content; empty when there is none. */
  readonly fingerprint: string;
  readonly fingerprintBytes: number;
  /** Size of the file. */
  readonly bytes: number;
}

const NONE = { hash: '', bytes: 0 };

/** Rejects when it cannot be read. */
export async function sight(path: string): Promise<Sight> {
  const log = await openLog(path, 'identify');
  try {
    const head = Buffer.allocUnsafe(FINGERPRINT_MAX_BYTES);
    const count = await log.content.read(head, FINGERPRINT_MAX_BYTES, 0);
    const { hash, bytes } = (count === 0 ? undefined : fingerprintOf(head.subarray(0, count), true)) ?? NONE;
    const { dev, ino, size } = log;
    return {
      path,
      key: fileKey(dev, ino),
      dev,
      ino,
      fingerprint: hash,
      fingerprintBytes: bytes,
      bytes: size,
    };
  } finally {
    await log.content.close();
  }
}
