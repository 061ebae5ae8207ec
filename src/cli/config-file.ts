/** The configuration of a command: the file, and the rules in it compiled once so that their problems show, too. */
import { loadConfig } from '../config/load.ts';
import { resolveSecrets } from '../config/secrets.ts';
import type { Config } from '../config/types.ts';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { checkRules } from '../map/check.ts';

/**
 * Reads a configuration; references to secrets stay references.
 * @throws ConfigError with every problem of the file.
 */
export async function readConfig(file: string): Promise<Config> {
  const config = await loadConfig(file);
  refuse(file, checkRules(config));
  return config;
}

/** The same with the secrets in place of their references; those that lead to nothing are problems, too. */
export async function readConfigWithSecrets(file: string): Promise<Config> {
  const config = await loadConfig(file);
  const problems = checkRules(config);
  const resolved = await resolveSecrets(config, process.env, file).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return config;
  });
  refuse(file, problems);
  return resolved;
}

function refuse(file: string, problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(file, problems);
}
