/**
 * Which logs a source follows at the moment: its path, or what its glob matches.
 */
import { glob, opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isPackedName } from './packing.ts';
import { isMissing, relationOf } from './siblings.ts';

const MAGIC = /[*?[\]{}]|[@!+]\(/;

/** Whether a path is a glob. */
export const isMagic = (path: string): boolean => MAGIC.test(path);

export interface FollowedPaths {
  /** Logs that grow; sorted. */
  readonly logs: readonly string[];
  /** Names that the glob matches too, but that are rotated relatives of one of `logs`. */
  readonly rotated: readonly string[];
  /** Folders that cannot be listed: what is in them is not known. */
  readonly unlisted: readonly { readonly path: string; readonly error: Error }[];
  /** Packed files that the glob matches, when it matches nothing else. */
  readonly packed: readonly string[];
}

/**
 * Expands the path of a source. `known`: logs that were followed before; they stay logs while they are away, so that
 * their rotated files are not taken for logs of their own.
 */
export async function expand(pattern: string, known: Iterable<string>): Promise<FollowedPaths> {
  if (!MAGIC.test(pattern) || (await exists(pattern)))
    return { logs: [pattern], rotated: [], unlisted: [], packed: [] };
  const unlisted = await unlistedFolders(pattern);
  const matches: string[] = [];
  const packed: string[] = [];
  for await (const match of glob(pattern)) (isPackedName(match) ? packed : matches).push(match);
  const heads = new Set([...matches, ...known]);
  const logs: string[] = [];
  const rotated: string[] = [];
  for (const match of matches.toSorted()) {
    (isRotated(match, heads) ? rotated : logs).push(match);
  }
  return { logs, rotated, unlisted, packed: matches.length === 0 ? packed.toSorted() : [] };
}

/** Whether one of `logs` in the same folder could have been renamed to `candidate`. */
export function isRotated(candidate: string, logs: Iterable<string>): boolean {
  const folder = path.dirname(candidate);
  const name = path.basename(candidate);
  for (const log of logs) {
    if (path.dirname(log) === folder && relationOf(path.basename(log), name) !== undefined) return true;
  }
  return false;
}

/** The folder to watch for a pattern that matches nothing yet: the last one without a wildcard. */
export function fixedFolder(pattern: string): string {
  const parts = path.dirname(pattern).split(path.sep);
  const magic = parts.findIndex((part) => MAGIC.test(part));
  return parts.slice(0, magic < 0 ? parts.length : magic).join(path.sep) || path.sep;
}

/** A glob leaves out without a word what it cannot list. */
async function unlistedFolders(pattern: string): Promise<{ path: string; error: Error }[]> {
  const folders = new Set([fixedFolder(pattern)]);
  const above = path.dirname(pattern);
  // Of `**` the levels are not known; its lowest folders are those of the matches.
  if (MAGIC.test(above) && !above.includes('**')) {
    for (let level = above; MAGIC.test(level); level = path.dirname(level)) {
      for await (const folder of glob(level)) folders.add(folder);
    }
  }
  const unlisted: { path: string; error: Error }[] = [];
  for (const folder of folders) {
    try {
      const listing = await opendir(folder);
      await listing.close();
    } catch (error) {
      if (!isMissing(error)) unlisted.push({ path: folder, error: error as Error });
    }
  }
  return unlisted;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
