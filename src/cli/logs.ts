/** Which configured source a log on the command line belongs to. */
import { basename, dirname, join, matchesGlob, resolve } from 'node:path';
import type { Config, SourceConfig } from '../config/types.ts';
import { UsageError } from '../errors.ts';
import type { ReplayFile } from '../pipeline.ts';
import { basesOf } from '../tail/siblings.ts';

/**
 * Pairs each log with its source: the one that is named; the one whose path, or a rotated form of it, the log has;
 * or the only format there is.
 * @throws UsageError when that is not clear.
 */
export function pairWithSources(
  config: Config,
  logs: readonly string[],
  named: string | undefined,
): ReplayFile[] {
  if (named !== undefined) {
    const source = config.sources.find(({ path }) => path === named || path === resolve(named));
    if (source === undefined) {
      const known = config.sources.map(({ path }) => path).join(', ');
      throw new UsageError(`--source ${named}: no such source; the configuration has ${known}`);
    }
    return logs.map((path) => ({ path: resolve(path), source }));
  }
  return logs.map((path) => ({ path: resolve(path), source: sourceOf(config, resolve(path)) }));
}

function sourceOf({ sources }: Config, log: string): SourceConfig {
  const byPath = sources.filter((source) => isOf(source, log));
  const candidates = byPath.length > 0 ? byPath : sources;
  const [first] = candidates;
  const formats = new Set(candidates.map(({ format }) => JSON.stringify(format)));
  if (first === undefined || (formats.size > 1 && candidates.length > 1)) {
    throw new UsageError(`${log}: which source is it of? Name it with --source PATH`);
  }
  return first;
}

/** Whether the log is one that the source follows, or is where and called as its rotated files are. */
function isOf({ path, rotated }: SourceConfig, log: string): boolean {
  if (log === path || [path, ...rotated].some((pattern) => matchesGlob(log, pattern))) return true;
  const folder = dirname(log);
  return basesOf(basename(log)).some((base) => matchesGlob(join(folder, base), path));
}
