import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Every `request_id` in the logs of a folder whose names contain `name`, rotated and compressed ones included. */
export async function requestIdsIn(folder: string, name = 'access.log'): Promise<string[]> {
  const ids: string[] = [];
  for (const file of (await readdir(folder)).filter((other) => other.includes(name)).toSorted()) {
    const bytes = await readFile(join(folder, file));
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
    for (const [, id] of text.matchAll(/"request_id":"([^"]+)"/g)) if (id !== undefined) ids.push(id);
  }
  return ids;
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
