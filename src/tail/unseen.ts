/** Logs whose file nobody has looked into yet. */
import { stat } from 'node:fs/promises';
import type { Families } from './families.ts';
import type { Family } from './family.ts';
import { fileKey } from './file-key.ts';
import type { OtherSources } from './setup.ts';

/** Those at whose paths a file has appeared since the last look at them, or stands that cannot be opened. */
export async function unseenLogs(families: Families, others: OtherSources): Promise<Set<Family>> {
  const unseen = new Set<Family>();
  for (const family of families) {
    if (family.current !== undefined) continue;
    const now = await stat(family.path, { bigint: true }).catch(() => undefined);
    if (now?.isFile() !== true) continue;
    const key = fileKey(now.dev, now.ino);
    if (families.holder(key) === undefined && others.holderOf(key) === undefined) unseen.add(family);
  }
  return unseen;
}
