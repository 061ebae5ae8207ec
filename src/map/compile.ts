/** Entry to the map stage: compiles the rules for one source. */
import type { RuleConfig, SourceConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import { createLineParser } from '../parse/parser.ts';
import type { LineMapper, Repairs } from '../types.ts';
import { FastMapper } from './fast/mapper.ts';
import { FastRule } from './fast/rule.ts';
import { WantedFields } from './fast/wanted.ts';
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
  const plain = compilePlainMapper(options);
  if (typeof options.format !== 'string') return plain;
  const preset = presetOf(options.format);
  // Of texts that count as missing, the fast path knows these.
  if (preset.unset.some((text) => text !== '' && text !== '-')) return plain;
  const wanted = new WantedFields();
  const rules = plain.rules.map((routed, index) => ({
    ...routed,
    fast: FastRule.compile(options.rules[index]!, preset, options.window ?? {}, wanted),
  }));
  if (rules.every(({ fast }) => fast === undefined)) return plain;
  return new FastMapper(plain, rules, options.match, wanted);
}

/** The reference: the same events, failures, outcomes and repairs for each line, only slower. Throws the same. */
export function compilePlainMapper(options: MapperOptions): PlainMapper {
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
