/**
 * The log that a file belongs to, told by its name alone: so it is the same for the log itself, for what is rotated away
 * from it, packed, moved to another folder, or named to `replay`.
 */
import path from 'node:path';
import { isMagic } from './paths.ts';
import { basesOf } from './siblings.ts';

/** @param pattern of the source: where it is no glob, it is the answer */
export function followedPath(pattern: string, file: string): string {
  if (!isMagic(pattern)) return pattern;
  const own = path.dirname(file);
  const folder = path.dirname(pattern);
  const folders = [own, ...(isMagic(folder) ? [path.dirname(own)] : [folder])];
  const named = (name: string): string | undefined =>
    folders.map((one) => path.join(one, name)).find((one) => path.matchesGlob(one, pattern));
  let found = named(path.basename(file));
  // A rotated file may be rotated once more, or packed.
  for (let name = path.basename(file), isBase = true; isBase;) {
    isBase = false;
    for (const base of basesOf(name).toSorted((a, b) => a.length - b.length)) {
      const match = named(base);
      if (match === undefined) continue;
      found = match;
      name = base;
      isBase = true;
      break;
    }
  }
  return found ?? file;
}
