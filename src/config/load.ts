/**
 * From the text of a configuration file to a `Config`: parsed, validated, completed, checked, frozen.
 * Whoever has a `Config` needs no further checks of its shape.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import { crossCheck } from './checks.ts';
import { complete } from './complete.ts';
import { isDraft, itemsOf } from './draft.ts';
import type { Draft } from './draft.ts';
import { deepFreeze } from './freeze.ts';
import { parseText } from './parse.ts';
import { reasonOf } from './reason.ts';
import { resolveDraftSecrets } from './secrets.ts';
import type { Config } from './types.ts';
import { validate } from './validate.ts';

/**
 * Parses `text`, YAML or JSON, as the content of `file`, to whose folder relative paths refer. References to secrets
 * stay as they are. Throws `ConfigError` with every problem.
 */
export function parseConfig(text: string, file: string): Config {
  const { draft, problems } = readDraft(text, file);
  if (problems.length > 0) throw new ConfigError(file, problems);
  return finished(draft);
}

/** Finds more problems in sources and rules. Entries that the schema refuses are holes in the lists. */
export type Check = (config: Pick<Config, 'sources' | 'rules' | 'match'>) => ConfigProblem[];

/**
 * Loads `file`. With `env`, references to secrets are replaced by the secrets, and certificate files must be readable;
 * without it nothing but the configuration itself is looked at. Throws `ConfigError` with every problem, also those
 * that `check` finds.
 */
export async function loadConfig(file: string, env?: NodeJS.ProcessEnv, check?: Check): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError(file, [{ path: '', message: reasonOf(error) }]);
  });
  const { draft, problems } = readDraft(text, file);
  if (check !== undefined) problems.push(...check(soundParts(draft, problems)));
  if (env !== undefined) problems.push(...(await resolveDraftSecrets(draft, env)));
  if (problems.length > 0) throw new ConfigError(file, problems);
  return finished(draft);
}

/** The sources and rules without a problem, each at its index. */
function soundParts(draft: Draft, problems: readonly ConfigProblem[]): Parameters<Check>[0] {
  const sound = (key: string): never[] => {
    const items: unknown[] = [];
    for (const { index, path, item } of itemsOf(draft, key)) {
      const broken = problems.some((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
      if (!broken) items[index] = item;
    }
    return items as never[];
  };
  return {
    sources: sound('sources'),
    rules: sound('rules'),
    match: draft['match'] === 'first' ? 'first' : 'all',
  };
}

function readDraft(text: string, file: string): { draft: Draft; problems: ConfigProblem[] } {
  const parsed = parseText(text);
  if ('problems' in parsed) throw new ConfigError(file, parsed.problems);
  if (parsed.data === null) throw new ConfigError(file, [{ path: '', message: 'the file is empty' }]);
  const problems = validate(parsed.data);
  if (!isDraft(parsed.data)) throw new ConfigError(file, problems);
  complete(parsed.data, dirname(resolve(file)));
  return { draft: parsed.data, problems: [...problems, ...crossCheck(parsed.data)] };
}

/** No problem was found: the draft has the shape of `Config`. */
function finished(draft: Draft): Config {
  return deepFreeze(draft) as unknown as Config;
}
