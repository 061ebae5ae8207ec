/** What tells one generation of a source from another in the books. */
import type { Generation } from './types.ts';

/** The same for one generation in all of its life. */
export function generationKey({ fingerprint, dev, ino, twin = 0 }: Generation): string {
  const file = `${fingerprint}/${dev}/${ino}`;
  return twin === 0 ? file : `${file}/${twin}`;
}
