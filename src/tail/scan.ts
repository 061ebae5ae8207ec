/**
 * Searches the folders of followed logs for rotated files, and reads just enough of each to know its fingerprint and
 * age. What was looked at once is not opened again until it changes.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PackedLogError } from '../errors.ts';
import { Appearances, type Appearance, type Look } from './appearances.ts';
import type { Family } from './family.ts';
import { damageOf } from './damage.ts';
import { fileKey } from './file-key.ts';
import { listCandidates, type Listed, type Wanted } from './listing.ts';
import { identify, type Alike, type RotatedFile } from './rotated-file.ts';
import { byAge, isMissing } from './siblings.ts';

/** A file that was listed, whether it was looked into or not. */
export interface ListedFile extends Listed {
  readonly family: Family;
  readonly key: string;
  readonly appearance: Appearance;
}

export interface ScanResult {
  /** Oldest first within each family. */
  readonly files: readonly RotatedFile[];
  /** All that there is. */
  readonly listed: readonly ListedFile[];
  /** Something moved or could not be read meanwhile: look again soon, and declare nothing lost. */
  readonly unsettled: boolean;
  /** The process or the system has no descriptors left: what cannot be seen may be there. */
  readonly exhausted: boolean;
  /** Those whose folder may not be listed, or cannot be for now: what stands in it is not known. */
  readonly unlisted: ReadonlySet<Family>;
}

interface Damage {
  /** Of the file that was no good. */
  readonly version: string;
  /** When that was found. */
  readonly since: number;
  /** What is wrong with it, once it is known that it stays so; null when that was told already. */
  error: Error | null | undefined;
  /** Where it was then. */
  path: string;
  /** Milliseconds that it took to find out. */
  readonly tookMs: number;
  /** What it has become, and when that was first seen. */
  changed?: { readonly version: string; readonly at: number };
}

/** What takes no longer is tried again at each change. */
const CHEAP_MS = 100;

/** An archive that turned out to be damaged while it was read. */
export interface FailedArchive {
  readonly key: string;
  readonly path: string;
  /** Milliseconds that it took to find out. */
  readonly tookMs: number;
}

export interface ScanHooks {
  readonly wanted: (family: Family) => Wanted;
  /** Whether its path has named the same file, which only grew, since the last search, and does so now. */
  readonly isContinuous: (family: Family) => Promise<boolean>;
  /** The file is open or belongs to somebody else; `path` is where it is now. */
  readonly isTaken: (key: string, path: string) => boolean;
  readonly unreadable: (path: string, error: Error) => void;
  readonly alike: Alike;
}

interface Pass {
  readonly hooks: ScanHooks;
  readonly files: RotatedFile[];
  readonly listed: ListedFile[];
  readonly seen: Set<string>;
  readonly unlisted: Set<Family>;
  unsettled: boolean;
  exhausted: boolean;
}

interface Look_ extends Look {
  readonly entry: Listed;
  readonly isFile: boolean;
}

export class FolderScanner {
  /** Versions of the files that need not be looked at again, by device and inode. */
  readonly #decided = new Map<string, string>();
  /** Archives that cannot be read (any further) as they are: damaged, or being written still. */
  readonly #damaged = new Map<string, Damage>();
  readonly #appearances: Appearances;
  readonly #elapsed: () => number;
  readonly #quietMs: number;

  /**
   * @param elapsed Monotonic milliseconds.
   * @param quietMs An archive that is no good, and has not changed for so long, will not become better.
   */
  constructor(elapsed: () => number, quietMs: number) {
    this.#elapsed = elapsed;
    this.#quietMs = quietMs;
    this.#appearances = new Appearances(elapsed, quietMs);
  }

  async scan(families: Iterable<Family>, hooks: ScanHooks): Promise<ScanResult> {
    const pass: Pass = {
      hooks,
      files: [],
      listed: [],
      seen: new Set(),
      unlisted: new Set(),
      unsettled: false,
      exhausted: false,
    };
    for (const family of families) await this.#scanFamily(family, pass);
    const { seen, unlisted } = pass;
    for (const known of [this.#decided, this.#damaged]) {
      for (const key of known.keys()) if (!seen.has(key)) known.delete(key);
    }
    if (unlisted.size === 0) this.#appearances.keepOnly(seen);
    return pass;
  }

  /** It is known what it is: it need not be looked at again until it changes. */
  settle({ key, version, appearance }: RotatedFile, ours: boolean): void {
    this.#decided.set(key, version);
    appearance.decided = true;
    appearance.ours ||= ours;
  }

  /** A generation went missing: any file may be what is left of it, but for the one (if any) that failed just now. */
  reconsider(failed: FailedArchive | undefined): void {
    const version = failed === undefined ? undefined : this.#decided.get(failed.key);
    if (failed !== undefined && version !== undefined) this.#markDamaged(failed, version, null);
    this.#decided.clear();
  }

  /** Paths of the archives that cannot be read as they are, by device and inode. */
  get unreadable(): ReadonlyMap<string, string> {
    return new Map([...this.#damaged].map(([key, { path }]) => [key, path]));
  }

  #markDamaged(
    { key, path, tookMs }: FailedArchive,
    version: string,
    error: Error | null | undefined,
    sinceMs = this.#elapsed(),
  ): void {
    this.#damaged.set(key, { version, since: sinceMs, error, path, tookMs });
  }

  /**
   * Whether what was no good is worth another try now that it has changed: once it is left alone for as long as the last
   * try took. So one that is written slowly does not cost more the longer it gets, and one that is finished waits no
   * longer than it takes to verify it.
   */
  #isWorthTrying(damage: Damage, version: string): boolean {
    if (damage.tookMs < CHEAP_MS) return true;
    const now = this.#elapsed();
    if (damage.changed?.version !== version) damage.changed = { version, at: now };
    return now - damage.changed.at >= damage.tookMs;
  }

  async #scanFamily(family: Family, pass: Pass): Promise<void> {
    const { hooks } = pass;
    const fail = (path: string, error: NodeJS.ErrnoException): void => {
      pass.unsettled = true;
      pass.exhausted ||= error.code === 'EMFILE' || error.code === 'ENFILE';
      if (!isMissing(error)) hooks.unreadable(path, error);
    };
    let rotated: boolean;
    let looks: Look_[];
    try {
      const listing = await listCandidates(family.path, hooks.wanted(family));
      looks = await this.#lookAt(listing.entries, family, fail);
      rotated = !(await hooks.isContinuous(family));
      for (const folder of listing.folders) family.listed.add(folder);
    } catch (error) {
      const { path } = error as NodeJS.ErrnoException;
      pass.unlisted.add(family);
      fail(path ?? dirname(family.path), error as Error);
      return;
    }
    this.#appearances.take(
      family,
      looks.filter(({ key }) => !pass.seen.has(key)),
      rotated,
    );
    const found: RotatedFile[] = [];
    for (const look of looks) {
      const { key, entry } = look;
      if (pass.seen.has(key)) continue;
      pass.seen.add(key);
      const appearance = this.#appearances.of(key);
      try {
        const file = await this.#inspect(family, look, rotated, hooks);
        if (file === 'unfinished') pass.unsettled = true;
        else if (file === 'ours') Object.assign(appearance, { decided: true, ours: true });
        else if (file !== undefined) found.push(file);
      } catch (error) {
        fail(entry.path, error as Error);
      }
      pass.listed.push({ ...entry, family, key, appearance: this.#appearances.of(key) });
    }
    pass.files.push(...found.toSorted(byAge));
  }

  async #lookAt(
    entries: readonly Listed[],
    family: Family,
    fail: (path: string, error: Error) => void,
  ): Promise<Look_[]> {
    const looks: Look_[] = [];
    for (const entry of entries) {
      try {
        const { dev, ino, size, mtimeNs, isFile } = await regular(entry.path);
        if (!isFile) continue;
        const first = entry.folder !== '' && !family.listed.has(entry.folder);
        const version = `${size}:${mtimeNs}`;
        looks.push({ key: fileKey(dev, ino), version, size: Number(size), first, entry, isFile });
      } catch (error) {
        fail(entry.path, error as Error);
      }
    }
    return looks;
  }

  /** Rejects when the file cannot be read, for example because it was just renamed. */
  async #inspect(
    family: Family,
    { key, version, entry }: Look_,
    rotated: boolean,
    { isTaken, alike, unreadable }: ScanHooks,
  ): Promise<RotatedFile | 'unfinished' | 'ours' | undefined> {
    if (isTaken(key, entry.path)) return 'ours';
    const damage = this.#damaged.get(key);
    if (damage !== undefined) damage.path = entry.path;
    if (damage?.version === version) {
      if (this.#elapsed() - damage.since < this.#quietMs) return 'unfinished';
      if (damage.error === undefined) damage.error = await damageOf(entry.path);
      if (damage.error !== null) unreadable(entry.path, damage.error);
      return undefined;
    }
    if (this.#decided.get(key) === version) return undefined;
    if (damage !== undefined && !this.#isWorthTrying(damage, version)) return 'unfinished';
    const start = this.#elapsed();
    const failed = (): FailedArchive => ({ key, path: entry.path, tookMs: this.#elapsed() - start });
    try {
      const file = await identify(family, entry, key, version, alike);
      if (file === undefined || file === 'unfinished') return file;
      const appearance = this.#appearances.identify(key, file.fingerprint, file.unfinished, rotated);
      return { ...file, appearance };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      if (error instanceof PackedLogError) {
        unreadable(entry.path, error);
        // It stays so: nothing waits for it.
        this.#markDamaged(failed(), version, error, -Infinity);
        return undefined;
      }
      // Worth another look when it has changed. It is told when it does not: most are being written.
      this.#markDamaged(failed(), version, undefined);
      return 'unfinished';
    }
  }
}

async function regular(
  path: string,
): Promise<{ dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; isFile: boolean }> {
  const now = await stat(path, { bigint: true });
  const { dev, ino, size, mtimeNs } = now;
  return { dev, ino, size, mtimeNs, isFile: now.isFile() };
}
