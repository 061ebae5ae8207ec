/** Entry to the map stage: compiles the rules for one source. */
import type { RuleConfig, SourceConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import { createLineParser } from '../parse/parser.ts';
import type { LineMapper, Repairs } from '../types.ts';
import { PlainMapper } from './plain-mapper.ts';
import type { RoutedRule } from './plain-mapper.ts';
import { presetOf } from './presets.ts';
import { CompiledRule } from './rule.ts';
import type { TimeWindow } from './rule.ts';

export interface MapperOptions {
  /** In the order in which they apply. */
  readonly rules: readonly RuleConfig[];
  readonly match: 'all' | 'first';
  /** Names; the index is the number that the sink gets. */
  readonly destinations: readonly string[];
  readonly format: SourceConfig['format'];
  /** Events outside it are passed over: their lines count as skipped. */
  readonly window?: TimeWindow;
}

/** The mapper of one source. Throws a ConfigError for rules that `checkRules` would have refused. */
export function compileMapper(options: MapperOptions): LineMapper {
  const repairs: Repairs = { hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 };
  const preset = presetOf(options.format);
  const problems: ConfigProblem[] = [];
  const rules = options.rules.map((rule, index): RoutedRule => {
    const path = `rules[${index}]`;
    const destination = options.destinations.indexOf(rule.to);
    if (destination < 0) problems.push({ path: `${path}.to`, message: `no destination is named ${rule.to}` });
    const compiled = new CompiledRule(rule, preset, options.window ?? {}, path, (problem) =>
      problems.push(problem),
    );
    return { rule: compiled, destination };
  });
  const parse = createLineParser(options.format, repairs);
  if (problems.length > 0) throw new ConfigError('', problems);
  return new PlainMapper(parse, repairs, rules, options.match);
}
