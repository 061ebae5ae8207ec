/**
 * Which files may be rotated ones of a log, by where they are and what they are called: those beside it (and beside the
 * file that a symbolic link leads to) with a rotated name, those that `rotated` of its source names, and files under
 * any name whose inode is one that is sought.
 */
import { glob, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { fileKey } from './file-key.ts';
import { isMagic } from './paths.ts';
import { isMissing, namesIn, relationOf, unnamedRelation, type Sibling } from './siblings.ts';

/** Why a file is looked at: its name, the configuration, or its inode alone. */
export type Origin = 'name' | 'declared' | 'inode';

export interface Listed extends Sibling {
  readonly origin: Origin;
  /** Of its folder: device and inode. */
  readonly folder: string;
}

export interface Listing {
  readonly entries: readonly Listed[];
  /** Device and inode of the folders that were listed. */
  readonly folders: ReadonlySet<string>;
}

export interface Wanted {
  /** Globs of the source. */
  readonly rotated: readonly string[];
  /** Files (device and inode) that are sought under any name. */
  readonly keys: ReadonlySet<string>;
  /** Where files that are over were last, by device and inode: under any name. */
  readonly remembered: ReadonlyMap<string, string>;
  /** Another source follows the path. */
  readonly isFollowed: (path: string) => boolean;
}

/** Rejects when a folder cannot be listed. */
export async function listCandidates(log: string, wanted: Wanted): Promise<Listing> {
  const entries = new Map<string, Listed>();
  const folders = new Set<string>();
  const put = (entry: Listed): void => {
    if (!entries.has(entry.path) && entry.path !== log && !wanted.isFollowed(entry.path)) {
      entries.set(entry.path, entry);
    }
  };
  const real = await realpath(log).catch(() => log);
  for (const base of new Set([log, real])) {
    const at = dirname(base);
    const folder = await identify(at);
    const names = await namesIn(at);
    if (folder === undefined) continue;
    folders.add(folder);
    for (const name of names) {
      const relation = relationOf(basename(base), name);
      if (relation !== undefined) put({ path: join(at, name), ...relation, origin: 'name', folder });
    }
    if (wanted.keys.size === 0) continue;
    for (const name of names) {
      const path = join(at, name);
      if (entries.has(path) || !(await isOneOf(path, wanted.keys))) continue;
      put({ path, ...unnamedRelation(name), origin: 'inode', folder });
    }
  }
  for (const [at, patterns] of await declaredFolders(wanted.rotated)) {
    const folder = await identify(at);
    if (folder === undefined) continue;
    folders.add(folder);
    for (const name of await namesIn(at)) {
      const path = join(at, name);
      if (!isDeclared(name, patterns) || path === real) continue;
      const relation = relationOf(basename(log), name) ?? unnamedRelation(name);
      put({ path, ...relation, origin: 'declared', folder });
    }
  }
  for (const [key, path] of wanted.remembered) {
    if (entries.has(path) || !(await isOneOf(path, new Set([key])))) continue;
    put({ path, ...unnamedRelation(path), origin: 'inode', folder: '' });
  }
  return { entries: [...entries.values()], folders };
}

/** The files that `rotated` of a source names. Rejects when a folder cannot be listed. */
export async function declaredFiles(rotated: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const [folder, patterns] of await declaredFolders(rotated)) {
    const names = await namesIn(folder);
    files.push(...names.filter((name) => isDeclared(name, patterns)).map((name) => join(folder, name)));
  }
  return files;
}

/** The folders of globs, each with what the names in it have to match. */
async function declaredFolders(rotated: readonly string[]): Promise<Map<string, string[]>> {
  const folders = new Map<string, string[]>();
  for (const pattern of rotated) {
    const folder = dirname(pattern);
    for (const at of isMagic(folder) ? await Array.fromAsync(glob(folder)) : [folder]) {
      folders.set(at, [...(folders.get(at) ?? []), basename(pattern)]);
    }
  }
  return folders;
}

const isDeclared = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => matchesGlob(name, pattern));

/** Undefined when there is no such folder. */
async function identify(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return fileKey(dev, ino);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isOneOf(path: string, keys: ReadonlySet<string>): Promise<boolean> {
  const now = await stat(path, { bigint: true }).catch(() => undefined);
  return now?.isFile() === true && keys.has(fileKey(now.dev, now.ino));
}
