/** The configuration of a command: the file, and the rules in it compiled once so that their problems show, too. */
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { checkRules } from '../map/check.ts';

/**
 * Reads a configuration; references to secrets stay references.
 * @throws ConfigError with every problem of the file.
 */
export const readConfig = (file: string): Promise<Config> => loadConfig(file, undefined, checkRules);

/** The same with the secrets in place of their references; those that lead to nothing are problems, too. */
export const readConfigWithSecrets = (file: string): Promise<Config> =>
  loadConfig(file, process.env, checkRules);
