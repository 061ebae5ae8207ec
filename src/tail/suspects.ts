/**
 * Files that may have been rotated away unseen, though nothing in their names says so. A log was found by its inode under
 * a name that is not known: what was created between its last write and the present log, in the same folder, may be the
 * next one. None of them is billed; they are named.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LATE_MS } from './appearances.ts';
import type { OpenLog } from './content.ts';
import type { RotatedFile } from './rotated-file.ts';
import { sight, type Sight } from './sight.ts';
import { namesIn, relationOf } from './siblings.ts';

const LATE_NS = BigInt(LATE_MS) * 1_000_000n;

/** @param present The log as it is now. @param isKnown Paths that need no look. Rejects when the folder cannot be listed. */
export async function suspectsAfter(
  found: RotatedFile,
  present: Pick<OpenLog, 'birthNs'>,
  isKnown: (path: string) => boolean,
): Promise<Sight[]> {
  const folder = dirname(found.path);
  const base = basename(found.family.path);
  const names = await namesIn(folder);
  const suspects: Sight[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Another log and its rotated files are named alike.
    const isAnothers = (other: string): boolean =>
      relationOf(name, other) !== undefined || (other !== base && relationOf(other, name) !== undefined);
    if (isKnown(path) || names.some(isAnothers)) continue;
    const file = await stat(path, { bigint: true }).catch(() => undefined);
    if (file?.isFile() !== true || file.size === 0n || file.birthtimeNs === 0n) continue;
    const { birthtimeNs: born, mtimeNs, ctimeNs } = file;
    const written = ctimeNs < mtimeNs ? ctimeNs : mtimeNs;
    if (born < found.writtenNs - LATE_NS || born > present.birthNs) continue;
    if (written > present.birthNs + LATE_NS) continue;
    const seen = await sight(path).catch(() => undefined);
    if (seen !== undefined && seen.fingerprint !== '') suspects.push(seen);
  }
  return suspects;
}
