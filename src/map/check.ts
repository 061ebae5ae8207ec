/** What the schema cannot see in sources and rules: templates, filters, log formats, timestamps, ids. */
import type { Config, RuleConfig, SourceConfig } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { compileLogFormat, logFormatVariables } from '../parse/log-format.ts';
import { neverSameId } from './distinct.ts';
import { compileFilter } from './filter.ts';
import { saltProblem } from './id-salt.ts';
import { unfitCharacter } from './id-text.ts';
import { presetOf } from './presets.ts';
import { parseTemplate, templateProblem } from './template.ts';

/** An entry of the configuration and where it stands there. */
interface Placed<T> {
  readonly item: T;
  readonly path: string;
}

/** The entries of a list, without its holes. */
const placed = <T>(items: readonly T[], key: string): Placed<T>[] =>
  items.flatMap((item, index) => [{ item, path: `${key}[${index}]` }]);

/**
 * Every problem, with its path in the notation of the file. For entries that have passed the schema: where one has not,
 * the list may have a hole.
 */
export function checkRules(config: Pick<Config, 'sources' | 'rules' | 'match'>): ConfigProblem[] {
  const sources = placed(config.sources, 'sources');
  const rules = placed(config.rules, 'rules');
  return [
    ...sources.flatMap(({ item, path }) => sourceProblems(item, path)),
    ...rules.flatMap(({ item, path }) => ruleProblems(item, path)),
    ...rules.flatMap(({ item, path }) => timeProblems(item, path, sources)),
    ...(config.match === 'first' ? [] : idProblems(rules)),
  ];
}

function sourceProblems({ format, id_salt: salt = '' }: SourceConfig, path: string): ConfigProblem[] {
  const problem = saltProblem(salt);
  const inSalt = problem === undefined ? [] : [{ path: `${path}.id_salt`, message: problem }];
  if (typeof format === 'string') return inSalt;
  const compiled = compileLogFormat(format.log_format);
  const inFormat =
    typeof compiled === 'string' ? [{ path: `${path}.format.log_format`, message: compiled }] : [];
  return [...inFormat, ...inSalt];
}

function ruleProblems(rule: RuleConfig, path: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  // No problem of a filter depends on the format of a source.
  compileFilter(rule.filter ?? [], `${path}.filter`, presetOf('json'), (problem) => problems.push(problem));
  for (const [key, template] of templatesOf(rule)) {
    const message = templateProblem(template);
    if (message !== undefined) problems.push({ path: `${path}.${key}`, message });
  }
  problems.push(...unfitTexts(rule, path));
  if (parseTemplate(rule.event_transaction_id).every((part) => typeof part === 'string')) {
    problems.push({
      path: `${path}.event_transaction_id`,
      message:
        'every line would get the same id, and Lago keeps one event per id; use a variable such as ${log_id}',
    });
  }
  return problems;
}

/** Every line would become a dead letter, or go to a code that nobody meant. */
function unfitTexts(rule: RuleConfig, path: string): ConfigProblem[] {
  const texts = {
    event_code: rule.event_code,
    event_transaction_id: literals(rule.event_transaction_id),
    event_subscription_id: literals(rule.event_subscription_id),
  };
  return Object.entries(texts).flatMap(([key, text]) => {
    const unfit = unfitCharacter(text);
    return unfit === undefined ? [] : [{ path: `${path}.${key}`, message: `no id may hold ${unfit}` }];
  });
}

/** What a template adds to every line by itself. */
function literals(template: string): string {
  return parseTemplate(template)
    .map((part) => (typeof part === 'string' ? part : (part.fallback ?? '')))
    .join(' ');
}

function templatesOf(rule: RuleConfig): [key: string, template: string][] {
  const { event_transaction_id, event_subscription_id, event_timestamp, precise_total_amount_cents } = rule;
  const plain = { event_transaction_id, event_subscription_id, event_timestamp, precise_total_amount_cents };
  return [
    ...Object.entries(plain).flatMap(([key, template]): [string, string][] =>
      template === undefined ? [] : [[key, template]],
    ),
    ...Object.entries(rule.event_properties ?? {}).map(([key, template]): [string, string] => [
      `event_properties.${key}`,
      template,
    ]),
  ];
}

function timeProblems(
  rule: RuleConfig,
  path: string,
  sources: readonly Placed<SourceConfig>[],
): ConfigProblem[] {
  if (rule.event_timestamp !== undefined) return [];
  const timeless = sources.find(({ item }) => !hasTime(item.format));
  if (timeless === undefined) return [];
  const message = `required, because the lines of ${timeless.path} have no time by their format; for example \${msec}`;
  return [{ path: `${path}.event_timestamp`, message }];
}

function hasTime(format: SourceConfig['format']): boolean {
  const times = presetOf(format).start?.times ?? [];
  if (typeof format === 'string') return times.length > 0;
  return logFormatVariables(format.log_format).some((name) => times.includes(name));
}

/** Lago's uniqueness leaves the code out: of two events with one id, only the first would ever be billed. */
function idProblems(rules: readonly Placed<RuleConfig>[]): ConfigProblem[] {
  return rules.flatMap(({ item: rule, path }, index) => {
    const other = rules
      .slice(0, index)
      .find(({ item: earlier }) => earlier.to === rule.to && !neverSameId(earlier, rule));
    if (other === undefined) return [];
    const remedy = `${rule.event_transaction_id}-${rule.name}`;
    return [
      {
        path: `${path}.event_transaction_id`,
        message:
          `a line that fits ${other.path} too would get the same id from both, and Lago would keep only one of the events; ` +
          `make it differ, for example event_transaction_id: ${remedy}, or set match: first`,
      },
    ];
  });
}
