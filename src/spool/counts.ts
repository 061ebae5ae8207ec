/** The arithmetic of usage counts. */
import type { SourceCounts } from '../types.ts';

export const noLines = (): SourceCounts => ({ lines: 0, skipped: 0, dead: 0, mapped: 0, repeated: 0 });

/** Adds `more` to `total`. */
export function add(total: SourceCounts, more: Readonly<SourceCounts>): void {
  total.lines += more.lines;
  total.skipped += more.skipped;
  total.dead += more.dead;
  total.mapped += more.mapped;
  total.repeated += more.repeated;
  if (more.nulBytes !== undefined) total.nulBytes = (total.nulBytes ?? 0) + more.nulBytes;
}
