/** Damaged files are never deleted: they are moved aside, under a name that says where they were. */
import { join } from 'node:path';
import type { StateLayout } from './layout.ts';
import type { StateFs } from './state-fs.ts';

/**
 * Moves `file` into the quarantine. The name it had is gone for good only after a `syncDir` of its old folder.
 * @returns where it is now
 */
export const setAside = (fs: StateFs, layout: StateLayout, file: string, name: string): Promise<string> =>
  putAside(fs, layout, name, (target) => fs.rename(file, target));

/**
 * Gives `file` a name in the quarantine, too: its own is about to be given to what mends it.
 * @returns where it is kept
 */
export const keepAside = (fs: StateFs, layout: StateLayout, file: string, name: string): Promise<string> =>
  putAside(fs, layout, name, (target) => fs.link(file, target));

async function putAside(
  fs: StateFs,
  { quarantine }: StateLayout,
  name: string,
  put: (target: string) => Promise<void>,
): Promise<string> {
  await fs.makeDir(quarantine);
  let target = join(quarantine, name);
  for (let i = 2; (await fs.size(target)) !== undefined; i++) target = join(quarantine, `${name}.${i}`);
  await put(target);
  await fs.syncDir(quarantine);
  return target;
}
