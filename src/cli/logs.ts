/** Which configured source a log on the command line belongs to. */
import { basename, dirname, matchesGlob, resolve } from 'node:path';
import type { Config, SourceConfig } from '../config/types.ts';
import { UsageError } from '../errors.ts';
import type { ReplayFile } from '../pipeline.ts';

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
  const byPath = sources.filter(({ path }) => matchesGlob(log, path) || isRotatedForm(log, path));
  const candidates = byPath.length > 0 ? byPath : sources;
  const [first] = candidates;
  const formats = new Set(candidates.map(({ format }) => JSON.stringify(format)));
  if (first === undefined || (formats.size > 1 && candidates.length > 1)) {
    throw new UsageError(`${log}: which source is it of? Name it with --source PATH`);
  }
  return first;
}

/** `access.log.1`, `access.log-20261120.gz`, `2026-11-20_15-00-00__access.log.tar.gz` beside `access.log`. */
function isRotatedForm(log: string, source: string): boolean {
  const name = basename(log);
  const pattern = basename(source);
  return (
    matchesGlob(dirname(log), dirname(source)) &&
    (matchesGlob(name, `${pattern}[.-]*`) || matchesGlob(name.replace(/\.(tar\.)?gz$/, ''), `*__${pattern}`))
  );
}
