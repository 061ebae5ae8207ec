/**
 * Searches the folders of followed logs for rotated files, and reads just enough of each to know its fingerprint and
 * age. What was looked at once is not opened again until it changes.
 */
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { markOf } from '../mark.ts';
import type { Evidence } from './agreement.ts';
import { Comparison, type Opened } from './comparison.ts';
import { openLog, type Content } from './content.ts';
import type { Family } from './family.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import { Lookback } from './lookback.ts';
import type { Known, Sighting } from './registry.ts';
import { byAge, isMissing, listSiblings, type Sibling } from './siblings.ts';

/** A rotated file that no reader has open. */
export interface RotatedFile extends Sighting, Sibling {
  readonly family: Family;
  readonly key: string;
  /** Changes when the file does. */
  readonly version: string;
  readonly mtimeNs: bigint;
  readonly live: false;
  /** Its first line is not complete: were it new, it could still change. */
  readonly unfinished: boolean;
  /** What stands before its end; undefined when it cannot be read any more. */
  readonly end: () => Promise<Evidence | undefined>;
}

export interface ScanResult {
  /** Oldest first within each family. */
  readonly files: readonly RotatedFile[];
  /** Something moved or could not be read meanwhile: look again soon, and declare nothing lost. */
  readonly unsettled: boolean;
  /** Those whose folder may not be listed, or cannot be for now: what stands in it is not known. */
  readonly unlisted: ReadonlySet<Family>;
}

interface Damage {
  /** Of the file that was no good. */
  readonly version: string;
  /** When that was found. */
  readonly since: number;
}

export const fileKey = (dev: string | bigint, ino: string | bigint): string => `${dev}:${ino}`;

/** Whether the path names this file (device and inode) now. */
export async function names(file: string, key: string): Promise<boolean> {
  const now = await stat(file, { bigint: true }).catch(() => undefined);
  return now !== undefined && fileKey(now.dev, now.ino) === key;
}

export interface ScanHooks {
  /** The file is open or belongs to somebody else; `path` is where it is now. */
  readonly isTaken: (key: string, path: string) => boolean;
  readonly unreadable: (path: string, error: Error) => void;
  /** Generations that begin so: the file is compared with them while it is open. */
  readonly alike: (head: { readonly fingerprint: string; readonly fingerprintBytes: number }) => Known[];
}

export class FolderScanner {
  /** Versions of the files that need not be looked at again, by device and inode. */
  readonly #decided = new Map<string, string>();
  /** Archives that cannot be read (any further) as they are: damaged, or being written still. */
  readonly #damaged = new Map<string, Damage>();
  readonly #elapsed: () => number;
  readonly #quietMs: number;

  /**
   * @param elapsed Monotonic milliseconds.
   * @param quietMs An archive that is no good, and has not changed for so long, will not become better.
   */
  constructor(elapsed: () => number, quietMs: number) {
    this.#elapsed = elapsed;
    this.#quietMs = quietMs;
  }

  async scan(families: Iterable<Family>, hooks: ScanHooks): Promise<ScanResult> {
    const files: RotatedFile[] = [];
    const seen = new Set<string>();
    const unlisted = new Set<Family>();
    let unsettled = false;
    for (const family of families) {
      const found: RotatedFile[] = [];
      const siblings = await siblingsOf(family.path).catch((error: NodeJS.ErrnoException) => {
        unsettled = true;
        unlisted.add(family);
        hooks.unreadable(error.path ?? dirname(family.path), error);
        return [];
      });
      for (const sibling of siblings) {
        try {
          const file = await this.#inspect(family, sibling, seen, hooks);
          if (file === 'unfinished') unsettled = true;
          else if (file !== undefined) found.push(file);
        } catch (error) {
          unsettled = true;
          if (!isMissing(error)) hooks.unreadable(sibling.path, error as Error);
        }
      }
      files.push(...found.toSorted(byAge));
    }
    for (const known of [this.#decided, this.#damaged]) {
      for (const key of known.keys()) if (!seen.has(key)) known.delete(key);
    }
    return { files, unsettled, unlisted };
  }

  /** It is known what it is: it need not be looked at again until it changes. */
  settle({ key, version }: RotatedFile): void {
    this.#decided.set(key, version);
  }

  /** A generation went missing: any file may be what is left of it, but for the one (if any) that failed just now. */
  reconsider(failed: string | undefined): void {
    const version = failed === undefined ? undefined : this.#decided.get(failed);
    if (failed !== undefined && version !== undefined) this.#markDamaged(failed, version);
    this.#decided.clear();
  }

  #markDamaged(key: string, version: string): void {
    this.#damaged.set(key, { version, since: this.#elapsed() });
  }

  /** Rejects when the file cannot be read, for example because it was just renamed. */
  async #inspect(
    family: Family,
    sibling: Sibling,
    seen: Set<string>,
    { isTaken, alike }: ScanHooks,
  ): Promise<RotatedFile | 'unfinished' | undefined> {
    const now = await stat(sibling.path, { bigint: true });
    const key = fileKey(now.dev, now.ino);
    if (!now.isFile() || seen.has(key)) return undefined;
    seen.add(key);
    const version = `${now.size}:${now.mtimeNs}`;
    if (isTaken(key, sibling.path)) return undefined;
    const damage = this.#damaged.get(key);
    if (damage?.version === version) {
      return this.#elapsed() - damage.since < this.#quietMs ? 'unfinished' : undefined;
    }
    if (this.#decided.get(key) === version) return undefined;
    try {
      return await identify(family, sibling, key, version, alike);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      // Worth another look when it has changed.
      this.#markDamaged(key, version);
      return 'unfinished';
    }
  }
}

async function identify(
  family: Family,
  sibling: Sibling,
  key: string,
  version: string,
  alike: ScanHooks['alike'],
): Promise<RotatedFile | 'unfinished' | undefined> {
  const log = await openLog(sibling.path, sibling.kind);
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
    const { mtimeNs } = log;
    const open = (): Promise<Opened> => reopen(sibling, key);
    const comparison = new Comparison(open);
    const { hash, bytes } = fingerprint;
    await comparison.compare(log.content, alike({ fingerprint: hash, fingerprintBytes: bytes }));
    // Of a plain file at once, for it may be gone when somebody asks; to unpack an archive takes too long.
    const now = sibling.kind === 'plain' ? await endOf(log.content) : undefined;
    const end = (): Promise<Evidence | undefined> =>
      now === undefined ? endOfArchive(open).catch(() => undefined) : Promise.resolve(now);
    return {
      ...sibling,
      family,
      key,
      version,
      log,
      fingerprint,
      unfinished,
      mtimeNs,
      live: false,
      comparison,
      end,
    };
  } finally {
    await log.content.close();
  }
}

/** Rejects when the path names another file by now. */
async function reopen({ path, kind }: Sibling, key: string): Promise<Opened> {
  const { dev, ino, content } = await openLog(path, kind);
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

/** Those beside the path, and where it is a symbolic link, those beside the file that it leads to. */
async function siblingsOf(path: string): Promise<Sibling[]> {
  const siblings = await listSiblings(path);
  const real = await realpath(path).catch(() => path);
  return real === path ? siblings : [...siblings, ...(await listSiblings(real))];
}
