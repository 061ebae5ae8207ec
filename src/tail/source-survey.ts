/** Tells what is unread of one source from what its parts know, and from a fresh look at the files that are open. */
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { PackedLogError } from '../errors.ts';
import type { ReadProgress, SourceSurvey, Unknown } from '../types.ts';
import type { Family } from './family.ts';
import { keyOf } from './families.ts';
import type { Registry } from './registry.ts';
import { fileKey } from './file-key.ts';
import { HEAD_BYTES, refusePacked } from './packing.ts';
import { fixedFolder } from './paths.ts';
import { isMissing } from './siblings.ts';

/** A file or folder that could not be looked at. */
export interface Trouble {
  readonly path: string;
  readonly error: Error;
}

export interface SurveyParts {
  readonly families: Iterable<Family>;
  readonly registry: Registry;
  readonly troubles: readonly Trouble[];
  /** Whether somebody has the file (device and inode) open. */
  readonly isHeld: (key: string) => boolean;
}

const DETACHED =
  'the file that is mounted here was renamed or deleted outside: what is written to the new log does not come here; mount the folder, not the file';

export function surveyOf(source: string, parts: SurveyParts): Pick<SourceSurvey, 'files' | 'unknown'> {
  const { families, registry, troubles, isHeld } = parts;
  const files: ReadProgress[] = [];
  const unknown = new Map<string, string>();
  for (const { path, error } of troubles) unknown.set(path, error.message);
  for (const family of families) {
    for (const reader of family.readers) {
      try {
        files.push(reader.progress());
      } catch (error) {
        unknown.set(reader.path, (error as Error).message);
      }
    }
    lookAtPath(source, family, isHeld, files, unknown);
  }
  for (const { generation, offset, size = null } of registry.missing()) {
    const { path, fingerprint } = generation;
    if (size !== null && size <= offset) continue;
    files.push({ source, path, fingerprint, offset, size, state: 'missing' });
    if (size !== null || unknown.has(path)) continue;
    unknown.set(path, `the log that was read up to byte ${offset} is not found`);
  }
  const folder = fixedFolder(source);
  try {
    statSync(folder);
  } catch (error) {
    if (isMissing(error)) unknown.set(folder, 'the folder does not exist: mount or create it');
  }
  const read = files.filter(({ path, offset, state }) => {
    const isFollowed = state === 'new' || state === 'live';
    const reason = isFollowed && offset === 0 && !unknown.has(path) ? packedIn(path) : undefined;
    if (reason !== undefined) unknown.set(path, reason);
    return reason === undefined;
  });
  return { files: read, unknown: [...unknown].map(asUnknown) };
}

const asUnknown = ([path, reason]: readonly [string, string]): Unknown => ({
  path,
  reason: reason.startsWith('EACCES') ? `${reason}: it takes a user who may read it` : reason,
});

/** Why a log of which nothing was read will never be: it is packed. */
function packedIn(path: string): string | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    if (!statSync(path).isFile()) return undefined;
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      refusePacked(path, head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof PackedLogError) return `not read: it ${error.detail}`;
  }
  return undefined;
}

/** What stands at the path and nobody has opened yet, as while reading is paused. */
function lookAtPath(
  source: string,
  { path, current, trouble, error, mount }: Family,
  isHeld: SurveyParts['isHeld'],
  files: ReadProgress[],
  unknown: Map<string, string>,
): void {
  if (mount.isDetached) {
    unknown.set(path, DETACHED);
    const at = files.findIndex((file) => file.path === path && file.state === 'live');
    if (at >= 0) files[at] = { ...files[at]!, state: 'detached' };
  }
  if (trouble === 'unreadable') {
    unknown.set(path, error?.message ?? 'it cannot be read');
    return;
  }
  try {
    const now = statSync(path, { bigint: true });
    const key = fileKey(now.dev, now.ino);
    if (current !== undefined && keyOf(current) === key) return;
    if (isHeld(key)) return;
    files.push({ source, path, fingerprint: '', offset: 0, size: Number(now.size), state: 'new' });
  } catch (failure) {
    if (!isMissing(failure)) unknown.set(path, (failure as Error).message);
  }
}
