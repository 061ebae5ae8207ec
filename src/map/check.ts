/** What the schema cannot see in sources and rules: templates, filters, log formats, timestamps, ids. */
import type { Config, RuleConfig, SourceConfig } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { compileLogFormat, logFormatVariables } from '../parse/log-format.ts';
import { neverSameId } from './distinct.ts';
import { compileFilter } from './filter.ts';
import { presetOf } from './presets.ts';
import { parseTemplate, templateProblem } from './template.ts';

/** Every problem, with its path in the notation of the file. For a configuration that has passed its schema. */
export function checkRules(config: Pick<Config, 'sources' | 'rules' | 'match'>): ConfigProblem[] {
  return [
    ...config.sources.flatMap((source, index) => sourceProblems(source, `sources[${index}]`)),
    ...config.rules.flatMap((rule, index) => ruleProblems(rule, `rules[${index}]`)),
    ...config.rules.flatMap((rule, index) => timeProblems(rule, `rules[${index}]`, config.sources)),
    ...(config.match === 'first' ? [] : idProblems(config.rules)),
  ];
}

function sourceProblems(source: SourceConfig, path: string): ConfigProblem[] {
  if (typeof source.format === 'string') return [];
  const format = compileLogFormat(source.format.log_format);
  return typeof format === 'string' ? [{ path: `${path}.format.log_format`, message: format }] : [];
}

function ruleProblems(rule: RuleConfig, path: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  // No problem of a filter depends on the format of a source.
  compileFilter(rule.filter ?? [], `${path}.filter`, presetOf('json'), (problem) => problems.push(problem));
  for (const [key, template] of templatesOf(rule)) {
    const message = templateProblem(template);
    if (message !== undefined) problems.push({ path: `${path}.${key}`, message });
  }
  if (parseTemplate(rule.event_transaction_id).every((part) => typeof part === 'string')) {
    problems.push({
      path: `${path}.event_transaction_id`,
      message:
        'every line would get the same id, and Lago keeps one event per id; use a variable such as ${log_id}',
    });
  }
  return problems;
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

function timeProblems(rule: RuleConfig, path: string, sources: readonly SourceConfig[]): ConfigProblem[] {
  if (rule.event_timestamp !== undefined) return [];
  const timeless = sources.findIndex((source) => !hasTime(source.format));
  if (timeless < 0) return [];
  const message = `required, because the lines of sources[${timeless}] have no time by their format; for example \${msec}`;
  return [{ path: `${path}.event_timestamp`, message }];
}

function hasTime(format: SourceConfig['format']): boolean {
  const times = presetOf(format).start?.times ?? [];
  if (typeof format === 'string') return times.length > 0;
  return logFormatVariables(format.log_format).some((name) => times.includes(name));
}

/** Lago's uniqueness leaves the code out: of two events with one id, only the first would ever be billed. */
function idProblems(rules: readonly RuleConfig[]): ConfigProblem[] {
  return rules.flatMap((rule, index) => {
    const other = rules.findIndex((earlier) => earlier.to === rule.to && !neverSameId(earlier, rule));
    if (other >= index) return [];
    const remedy = `${rule.event_transaction_id}-${rule.name}`;
    return [
      {
        path: `rules[${index}].event_transaction_id`,
        message:
          `a line that fits rules[${other}] too would get the same id from both, and Lago would keep only one of the events; ` +
          `make it differ, for example event_transaction_id: ${remedy}, or set match: first`,
      },
    ];
  });
}
