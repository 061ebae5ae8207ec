/** Damaged files are never deleted: they are moved aside, under a name that says where they were. */
import { join } from 'node:path';
import type { StateLayout } from './layout.ts';
import type { StateFs } from './state-fs.ts';

/**
 * Moves `file` into the quarantine. The name it had is gone for good only after a `syncDir` of its old folder.
 * @returns where it is now
 */
export async function setAside(
  fs: StateFs,
  { quarantine }: StateLayout,
  file: string,
  name: string,
): Promise<string> {
  await fs.makeDir(quarantine);
  let target = join(quarantine, name);
  for (let i = 2; (await fs.size(target)) !== undefined; i++) target = join(quarantine, `${name}.${i}`);
  await fs.rename(file, target);
  await fs.syncDir(quarantine);
  return target;
}
