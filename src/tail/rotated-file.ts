/** A rotated file, and what its bytes say of it: its first line, its end, and which known generations it agrees with. */
import { markOf } from '../mark.ts';
import type { Evidence } from './agreement.ts';
import type { Appearance } from './appearances.ts';
import { Comparison, type Opened } from './comparison.ts';
import { openLog, type Content } from './content.ts';
import type { Family } from './family.ts';
import { fileKey } from './file-key.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import type { Listed } from './listing.ts';
import { Lookback } from './lookback.ts';
import type { Known, Sighting } from './registry.ts';

/** A rotated file that no reader has open. */
export interface RotatedFile extends Sighting, Listed {
  readonly family: Family;
  readonly key: string;
  /** Changes when the file does. */
  readonly version: string;
  /** Unix nanoseconds of the last write, as the file (or what is packed in it) says. */
  readonly mtimeNs: bigint;
  /** The same where nobody can have set it to a later time. */
  readonly writtenNs: bigint;
  /** When it was created; 0 where the file system does not say. */
  readonly bornNs: bigint;
  readonly live: false;
  /** Its first line is not complete: were it new, it could still change. */
  readonly unfinished: boolean;
  /** What stands before its end; undefined when it cannot be read any more. */
  readonly end: () => Promise<Evidence | undefined>;
  readonly appearance: Appearance;
}

/** Generations that begin so: the file is compared with them while it is open. */
export type Alike = (head: { readonly fingerprint: string; readonly fingerprintBytes: number }) => Known[];

/**
 * Reads just enough of the file. Undefined when it is empty, `unfinished` when it was renamed meanwhile. Rejects when it
 * cannot be read.
 */
export async function identify(
  family: Family,
  entry: Listed,
  key: string,
  version: string,
  alike: Alike,
): Promise<Omit<RotatedFile, 'appearance'> | 'unfinished' | undefined> {
  const log = await openLog(entry.path, 'identify');
  try {
    // Renamed between the two calls.
    if (fileKey(log.dev, log.ino) !== key) return 'unfinished';
    const head = Buffer.allocUnsafe(FINGERPRINT_MAX_BYTES);
    const count = await log.content.read(head, FINGERPRINT_MAX_BYTES, 0);
    const fingerprint = fingerprintOf(head.subarray(0, count), true);
    if (count === 0 || fingerprint === undefined) return undefined;
    const incomplete = fingerprintOf(head.subarray(0, count), false) === undefined;
    const unfinished = incomplete && log.content.growing;
    // An archive is all there is, unless it is being written still: then this rejects.
    if (incomplete && !unfinished) await log.content.read(head, 1, count);
    const { mtimeNs, ctimeNs } = log;
    const writtenNs = log.content.growing && ctimeNs < mtimeNs ? ctimeNs : mtimeNs;
    const open = (): Promise<Opened> => reopen(entry, key);
    const comparison = new Comparison(open);
    const { hash, bytes } = fingerprint;
    await comparison.compare(log.content, alike({ fingerprint: hash, fingerprintBytes: bytes }));
    // Of a plain file at once, for it may be gone when somebody asks; to unpack an archive takes too long.
    const now = log.kind === 'plain' ? await endOf(log.content) : undefined;
    const end = (): Promise<Evidence | undefined> =>
      now === undefined ? endOfArchive(open).catch(() => undefined) : Promise.resolve(now);
    return {
      ...entry,
      family,
      key,
      version,
      log,
      fingerprint,
      unfinished,
      mtimeNs,
      writtenNs,
      bornNs: log.birthNs,
      live: false,
      comparison,
      end,
    };
  } finally {
    await log.content.close();
  }
}

/** Rejects when the path names another file by now. */
async function reopen({ path }: Listed, key: string): Promise<Opened> {
  const { dev, ino, content } = await openLog(path, 'identify');
  if (fileKey(dev, ino) === key) return { content, close: () => content.close() };
  await content.close();
  throw new Error(`${path} is another file by now`);
}

async function endOf(content: Content): Promise<Evidence> {
  const { end: offset, bytes } = await new Lookback(content).before(Infinity);
  return { offset, mark: markOf(bytes) };
}

async function endOfArchive(open: () => Promise<Opened>): Promise<Evidence> {
  const opened = await open();
  try {
    return await endOf(opened.content);
  } finally {
    await opened.close();
  }
}
