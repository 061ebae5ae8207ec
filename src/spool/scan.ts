/**
 * What lies in the spool folders, told from names and sizes alone: with 20,000 chunks waiting a start must not
 * open them. Whether a chunk holds what its name promises shows when it is loaded.
 */
import { join } from 'node:path';
import type { SealedChunk } from '../types.ts';
import { ChunkFile } from './chunk-file.ts';
import { chunkName, parseChunkName, TEMPORARY, type ChunkName, type StateLayout } from './layout.ts';
import type { StateFs } from './state-fs.ts';

export interface Scan {
  /** By number. */
  readonly chunks: readonly SealedChunk[];
  /** Paths of chunks that were never given their name. */
  readonly temporary: readonly string[];
  /** The highest number in use, also by a temporary file; 0 when there is none. */
  readonly lastSequence: number;
  /** Names of all spool folders: also of destinations that are no longer configured. */
  readonly destinations: readonly string[];
}

/** Files that are looked at side by side. */
const AT_ONCE = 64;

export async function scanSpool(fs: StateFs, layout: StateLayout): Promise<Scan> {
  const chunks: SealedChunk[] = [];
  const temporary: string[] = [];
  let lastSequence = 0;
  // Thousands of chunks come from one generation.
  const fingerprints = new Map<string, string>();
  const shared = (fingerprint: string): string => {
    const first = fingerprints.get(fingerprint) ?? fingerprint;
    fingerprints.set(first, first);
    return first;
  };
  const destinations = await fs.list(layout.spool);
  for (const destination of destinations) {
    const folder = layout.chunks(destination);
    const place = { destination, path: folder };
    const found: ChunkName[] = [];
    for (const name of await fs.list(folder)) {
      const isTemporary = name.endsWith(TEMPORARY);
      const chunk = parseChunkName(isTemporary ? name.slice(0, -TEMPORARY.length) : name);
      if (chunk === undefined) continue;
      lastSequence = Math.max(lastSequence, chunk.sequence);
      if (isTemporary) temporary.push(join(folder, name));
      else found.push({ ...chunk, fingerprint: shared(chunk.fingerprint) });
    }
    for (let i = 0; i < found.length; i += AT_ONCE) {
      const some = found.slice(i, i + AT_ONCE);
      const sizes = await Promise.all(some.map((name) => fs.size(join(folder, chunkName(name)))));
      // While a daemon runs, `status` may see a file go between the two looks.
      for (const [n, bytes] of sizes.entries()) {
        if (bytes !== undefined) chunks.push(new ChunkFile(place, some[n]!, bytes));
      }
    }
  }
  chunks.sort((a, b) => a.sequence - b.sequence);
  return { chunks, temporary, lastSequence, destinations };
}
