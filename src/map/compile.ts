/** Entry to the map stage: compiles the rules for one source. */
import type { RuleConfig, SourceConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import { KernelMemory, OutOfMemoryError } from '../kernel/memory.ts';
import { createLineParser } from '../parse/parser.ts';
import type { LineMapper, Repairs } from '../types.ts';
import { FastMapper } from './fast/mapper.ts';
import { FastRule } from './fast/rule.ts';
import { SKELETONS_BYTES } from './fast/skeletons.ts';
import { WantedFields } from './fast/wanted.ts';
import type { IdSalt } from './id-salt.ts';
import { PlainMapper } from './plain-mapper.ts';
import type { RoutedRule } from './plain-mapper.ts';
import { presetOf } from './presets.ts';
import type { Preset } from './presets.ts';
import { CompiledRule } from './rule.ts';
import type { TimeWindow } from './rule.ts';

export interface MapperOptions {
  /** In the order in which they apply. */
  readonly rules: readonly RuleConfig[];
  readonly match: 'all' | 'first';
  /** Names; the index is the number that the sink gets. */
  readonly destinations: readonly string[];
  readonly format: SourceConfig['format'];
  /** Of the source, hashed into `${log_id}`. */
  readonly salt?: IdSalt;
  /** Events outside it are passed over: their lines count as skipped. */
  readonly window?: TimeWindow;
  /** The memory that logs are read into and events are written to; absent when that is no matter. */
  readonly memory?: KernelMemory;
}

/** What the tables of a mapper take in the kernel's memory, and some. One that takes more maps all lines the plain way. */
export const mapperBytes = (rules: number): number => SKELETONS_BYTES + (rules + 1) * 8 * 1024;

/** The mapper of one source. Throws a ConfigError for rules that `checkRules` would have refused. */
export function compileMapper(options: MapperOptions): LineMapper {
  const plain = compilePlainMapper(options);
  if (typeof options.format !== 'string') return plain;
  const preset = presetOf(options.format);
  // Of texts that count as missing, the fast path knows these.
  if (preset.unset.some((text) => text !== '' && text !== '-')) return plain;
  try {
    return compileFastMapper(options, plain, preset) ?? plain;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return plain;
    throw error;
  }
}

/** Undefined when all rules take more than is worth it. */
function compileFastMapper(
  options: MapperOptions,
  plain: PlainMapper,
  preset: Preset,
): FastMapper | undefined {
  const { rules: configs, match, window = {}, memory = new KernelMemory() } = options;
  const wanted = new WantedFields();
  const rules = plain.rules.map((routed, index) => ({
    ...routed,
    fast: FastRule.compile(configs[index]!, preset, window, wanted, memory),
  }));
  if (rules.every(({ fast }) => fast === undefined)) return undefined;
  return new FastMapper(memory, plain, rules, match, wanted, options.salt);
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
  return new PlainMapper(parse, repairs, rules, options.match, options.salt);
}
