import { resolve } from 'node:path';
import { itemsOf, textOf } from './draft.ts';
import type { Draft } from './draft.ts';

/** Keys of a destination that name files. */
export const FILE_KEYS = ['ca_file', 'cert_file', 'key_file'] as const;

/**
 * Fills in, in place, what depends on the rest of the file: absolute paths (relative ones start at `folder`, that of the
 * configuration), the names of rules, and `to` where there is one destination.
 */
export function complete(draft: Draft, folder: string): void {
  delete draft['$schema'];
  makeAbsolute(draft, 'state_dir', folder);
  for (const { item } of itemsOf(draft, 'sources')) {
    makeAbsolute(item, 'path', folder);
    const rotated = item['rotated'];
    if (Array.isArray(rotated)) {
      item['rotated'] = rotated.map((glob: unknown) =>
        typeof glob === 'string' ? resolve(folder, glob) : glob,
      );
    }
  }

  const destinations = itemsOf(draft, 'destinations');
  for (const { item } of destinations) {
    for (const key of FILE_KEYS) makeAbsolute(item, key, folder);
    const addresses = item['endpoint_addrs'];
    if (Array.isArray(addresses)) {
      // `endpoint_uri` begins with a slash.
      item['endpoint_addrs'] = addresses.map((address: unknown) =>
        typeof address === 'string' ? address.replace(/\/+$/, '') : address,
      );
    }
  }

  const only = destinations.length === 1 ? textOf(destinations[0]!.item, 'name') : undefined;
  for (const { index, item } of itemsOf(draft, 'rules')) {
    item['name'] ??= `rule-${index + 1}`;
    if (only !== undefined) item['to'] ??= only;
  }
}

function makeAbsolute(draft: Draft, key: string, folder: string): void {
  const path = textOf(draft, key);
  if (path !== undefined) draft[key] = resolve(folder, path);
}
