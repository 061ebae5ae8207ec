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
  layout: StateLayout,
  file: string,
  name: string,
): Promise<string> {
  const target = await freeName(fs, layout, name);
  await fs.rename(file, target);
  await fs.syncDir(layout.quarantine);
  return target;
}

/**
 * Gives `file` a name in the quarantine, too: its own is about to be given to what mends it.
 * @returns where it is kept
 */
export async function keepAside(
  fs: StateFs,
  layout: StateLayout,
  file: string,
  name: string,
): Promise<string> {
  const target = await freeName(fs, layout, name);
  await fs.link(file, target);
  await fs.syncDir(layout.quarantine);
  return target;
}

async function freeName(fs: StateFs, { quarantine }: StateLayout, name: string): Promise<string> {
  await fs.makeDir(quarantine);
  let target = join(quarantine, name);
  for (let i = 2; (await fs.size(target)) !== undefined; i++) target = join(quarantine, `${name}.${i}`);
  return target;
}
