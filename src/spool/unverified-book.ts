/**
 * `unverified.ndjson`: which bytes of which logs were billed though they do not verify, because a replay was told to. One
 * JSON object a line: when reading them began, and again, with `lines`, when it was done. It is only ever added to.
 */
import { join } from 'node:path';
import type { StateFs } from './state-fs.ts';

export interface UnverifiedRange {
  readonly path: string;
  readonly fingerprint: string;
  /** Unpacked bytes. */
  readonly from: number;
  readonly packed_from: number;
  readonly packed_to: number;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
  /** Unpacked; absent when reading was not finished. */
  readonly to?: number;
  readonly lines?: number;
}

const fileIn = (stateDir: string): string => join(stateDir, 'unverified.ndjson');

/** Durable when it resolves. */
export async function noteUnverified(fs: StateFs, stateDir: string, range: UnverifiedRange): Promise<void> {
  const file = fileIn(stateDir);
  const size = await fs.size(file);
  // A crash may have left a line without its end.
  await fs.writeAt(
    file,
    size ?? 0,
    Buffer.from(`${size === undefined ? '' : '\n'}${JSON.stringify(range)}\n`),
  );
  if (size === undefined) await fs.syncDir(stateDir);
}

/** Of each range what was noted last, oldest first; none where none was ever accepted. */
export async function unverifiedRanges(fs: StateFs, stateDir: string): Promise<UnverifiedRange[]> {
  const file = fileIn(stateDir);
  if ((await fs.size(file)) === undefined) return [];
  const ranges = new Map<string, UnverifiedRange>();
  for (const line of (await fs.read(file)).toString().split('\n')) {
    const range = parse(line);
    if (range === undefined) continue;
    const key = `${range.path}\n${range.fingerprint}\n${range.from}`;
    // One that was done stays so, whatever a later run began and found nothing more in.
    if (range.lines === undefined && ranges.get(key)?.lines !== undefined) continue;
    ranges.set(key, range);
  }
  return [...ranges.values()];
}

function parse(line: string): UnverifiedRange | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as UnverifiedRange);
  } catch {
    return undefined;
  }
}
