/**
 * Logs that nobody reads on since their source was removed from the configuration, or is written otherwise. Their files
 * are sought by inode, in the folders where they were seen last.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GenerationPosition } from './types.ts';

export interface AbandonedLog {
  /** As the configuration had it. */
  readonly source: string;
  readonly path: string;
  readonly fingerprint: string;
  /** Read up to here. */
  readonly offset: number;
  /** Bytes that the file has; null when it is not to be found there. */
  readonly size: number | null;
}

/** Those that are not known to be read to their ends. Never throws for a file. */
export function abandonedLogs(
  sources: readonly { readonly path: string }[],
  books: Iterable<readonly [source: string, positions: readonly GenerationPosition[]]>,
): AbandonedLog[] {
  const all = [...books];
  const isFollowed = (source: string): boolean => sources.some(({ path }) => path === source);
  const followed = all.flatMap(([source, positions]) => (isFollowed(source) ? positions : []));
  return all.flatMap(([source, positions]) => {
    if (isFollowed(source)) return [];
    return positions.flatMap((position) => {
      const { fingerprint, offset, ended } = position;
      // Another source may have taken it over, from its beginning.
      if (ended || followed.some((other) => other.fingerprint === fingerprint)) return [];
      const { path, size } = find(position) ?? { path: position.path, size: null };
      return [{ source, path, fingerprint, offset, size }];
    });
  });
}

/** With bytes that nobody has read. */
export const hasUnread = ({ offset, size }: AbandonedLog): boolean => size !== null && size > offset;

/** For a person. */
export function abandonedText({ source, path, offset, size }: AbandonedLog): string {
  const unread = size === null ? 'it is not there any more' : `${size - offset} bytes are unread`;
  return `${path}, from byte ${offset}: ${unread}, as ${source} is no longer a source: configure it as it was, or bill the log by tailmeter replay --config FILE --source SOURCE ${path}`;
}

function find({ path, dev, ino }: GenerationPosition): { path: string; size: number } | undefined {
  const at = sizeAt(path, dev, ino);
  if (at !== undefined) return { path, size: at };
  const folder = dirname(path);
  try {
    for (const name of readdirSync(folder)) {
      const other = join(folder, name);
      const size = sizeAt(other, dev, ino);
      if (size !== undefined) return { path: other, size };
    }
  } catch {
    // Not to be found there.
  }
  return undefined;
}

function sizeAt(path: string, dev: string, ino: string): number | undefined {
  try {
    const file = statSync(path, { bigint: true });
    return String(file.dev) === dev && String(file.ino) === ino ? Number(file.size) : undefined;
  } catch {
    return undefined;
  }
}
