/** What a configuration may say, and is hardly meant: `check` warns of it, nothing is refused. */
import type { Config, RuleConfig } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { FilterQuestion } from './filter-question.ts';
import { parseTemplate } from './template.ts';

const STATUS = /(?:^|[._])status$/;
/** Variables of NGINX that are a list where several upstreams were tried, and a dash where none was. */
const LIST = /^upstream_(?:\w+_time|response_length|bytes_(?:sent|received))$/;
const LIST_VALUES = ['0.001, 0.002 : 0.003', '-'];

/** One warning per place; the path is that in the configuration. */
export function doubtful({ rules }: Pick<Config, 'rules'>): ConfigProblem[] {
  return rules.flatMap((rule, index) => [
    ...statusZero(rule, `rules[${index}]`),
    ...textSums(rule, `rules[${index}]`),
  ]);
}

/** A filter that leaves failures out means to bill what succeeded. */
function statusZero({ filter = [] }: RuleConfig, path: string): ConfigProblem[] {
  const status = new FilterQuestion(filter, (name) => STATUS.test(name));
  if (!status.concerns || status.mayFit(500) || !(status.mayFit(0) || status.mayFit('000'))) return [];
  const message =
    'takes status 000, too, which NGINX logs for a request that got no answer; add ["status", ">=", 200]';
  return [{ path: `${path}.filter`, message }];
}

/** Whether a metric sums the property, only Lago knows. */
function textSums({ filter = [], event_properties = {} }: RuleConfig, path: string): ConfigProblem[] {
  return Object.entries(event_properties).flatMap(([key, template]) => {
    const [part, ...more] = parseTemplate(template);
    if (part === undefined || typeof part === 'string' || more.length > 0 || !LIST.test(part.name)) return [];
    const { name } = part;
    const values = new FilterQuestion(filter, (other) => other === name);
    if (values.concerns && !LIST_VALUES.some((value) => values.mayFit(value))) return [];
    const message =
      `\${${name}} is no number where NGINX tried several upstreams ("0.001, 0.002 : 0.003") or none ("-"): Lago takes ` +
      `such an event, and a metric that sums adds nothing; sum \${request_time} or \${bytes_sent}, or bill only the lines ` +
      `with a number, by the filter ["${name}", "~~", "^[0-9.]+$"]`;
    return [{ path: `${path}.event_properties.${key}`, message }];
  });
}
