import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * Every `request_id` in the logs of a folder whose names contain `name`, rotated and packed ones included. Only whole
 * lines count: copytruncate may cut the last line of a copy.
 */
export async function requestIdsIn(folder: string, name = 'access.log'): Promise<string[]> {
  const ids: string[] = [];
  for (const file of (await readdir(folder)).filter((other) => other.includes(name)).toSorted()) {
    for (const id of await requestIdsOf(join(folder, file))) ids.push(id);
  }
  return ids;
}

/** The same for one file. The content of a `.tar.gz` stands in it as it is, between headers. */
export async function requestIdsOf(file: string): Promise<string[]> {
  const bytes = await readFile(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
  return Array.from(text.matchAll(/"request_id":"([^"\n]+)".*\n/g), ([, id]) => id ?? '');
}

/** What is in `expected` and not in `found`, and the other way round. */
export function compareIds(
  expected: Iterable<string>,
  found: Iterable<string>,
): { missing: string[]; unknown: string[] } {
  const left = new Set(expected);
  const right = new Set(found);
  return { missing: [...left.difference(right)], unknown: [...right.difference(left)] };
}
