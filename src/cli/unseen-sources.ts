/** Sources that this user cannot look at now: `check` warns, as the daemon may run elsewhere or as another user. */
import { constants } from 'node:fs';
import { access, glob } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { fixedFolder } from '../tail/paths.ts';

const REMEDY = 'run tailmeter as a user who may read it and its folder';

export async function unseenSources({ sources }: Config): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  for (const [index, { path }] of sources.entries()) {
    const message = await troubleWith(path);
    if (message !== undefined) problems.push({ path: `sources[${index}].path`, message });
  }
  return problems;
}

async function troubleWith(path: string): Promise<string | undefined> {
  const folder = fixedFolder(path);
  const trouble = await codeOf(folder, constants.R_OK | constants.X_OK);
  if (trouble === 'ENOENT') return `the folder ${folder} does not exist here: mount or create it`;
  if (trouble !== undefined) return `the folder ${folder} cannot be read (${trouble}): ${REMEDY}`;
  const found = await Array.fromAsync(glob(path)).catch(() => []);
  if (found.length === 0) return `there is no ${path} here yet; it is read as soon as it is there`;
  for (const log of found) {
    const code = (await codeOf(log, constants.R_OK)) ?? (await codeOf(dirname(log), constants.R_OK));
    if (code !== undefined) return `${log} or its folder cannot be read (${code}): ${REMEDY}`;
  }
  return undefined;
}

const codeOf = (path: string, mode: number): Promise<string | undefined> =>
  access(path, mode).then(
    () => undefined,
    ({ code = 'unknown' }: NodeJS.ErrnoException) => code,
  );
