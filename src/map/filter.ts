/**
 * Filters: expressions in the language of lua-resty-expr, compiled to a function of the line.
 *
 *   filter     = []  |  [group, group, …]            all must hold
 *              | ["AND" | "OR" | "!AND" | "!OR", group, group, …]
 *   group      = condition | filter
 *   condition  = [name, operator, value]  |  [name, "!", operator, value]  |  [name, value]
 */
import type { ConfigProblem } from '../errors.ts';
import type { MappedLine } from './line.ts';
import { OPERATOR_NAMES, operatorNamed } from './operators.ts';
import type { Comparison } from './operators.ts';
import type { Preset } from './presets.ts';
import { compileVariable } from './variable.ts';

/** True when the line fits the filter. */
export type Predicate<Line = MappedLine> = (line: Line) => boolean;

/** Whether a comparison holds for a variable. */
export interface Condition {
  readonly name: string;
  readonly operator: string;
  readonly value: unknown;
  readonly comparison: Comparison;
}

/** Binds conditions to one kind of line. */
type Bind<Line> = (condition: Condition) => Predicate<Line>;

/** Takes what is wrong with a configuration. */
export type Report = (problem: ConfigProblem) => void;

const always = (): boolean => true;

/** Compiles a filter at `path` in the configuration. What comes back after a report must not be used. */
export function compileFilter(
  filter: readonly unknown[],
  path: string,
  preset: Preset,
  report: Report,
): Predicate {
  return compileFilterFor(filter, path, preset, report, ({ name, comparison }) => {
    const variable = compileVariable(name, preset);
    return (line) => comparison(variable(line));
  });
}

/** The same for any kind of line. */
export function compileFilterFor<Line>(
  filter: readonly unknown[],
  path: string,
  preset: Preset,
  report: Report,
  bind: Bind<Line>,
): Predicate<Line> {
  if (filter.length === 0) return always;
  if (!Array.isArray(filter[0]) && logicOf(filter[0]) === undefined) {
    report({
      path,
      message: 'each condition stands in a list of its own, as in [["status", "<", 400]]',
    });
    return always;
  }
  return compileGroup(filter, path, preset, report, bind);
}

function compileGroup<Line>(
  group: unknown,
  path: string,
  preset: Preset,
  report: Report,
  bind: Bind<Line>,
): Predicate<Line> {
  const wrong = (message: string): Predicate<Line> => {
    report({ path, message });
    return always;
  };
  if (!Array.isArray(group)) return wrong(`expected a list, got ${JSON.stringify(group)}`);
  if (group.length === 0) return wrong('empty; expected [name, operator, value]');
  const logic = Array.isArray(group[0]) ? LOGIC.AND : logicOf(group[0]);
  if (logic === undefined) return compileCondition(group, preset, wrong, bind);
  const first = Array.isArray(group[0]) ? 0 : 1;
  if (first === 1 && group.length < 3)
    return wrong(`${JSON.stringify(group[0])} needs at least two operands`);
  const predicates = group
    .slice(first)
    .map((operand, index) => compileGroup(operand, `${path}[${index + first}]`, preset, report, bind));
  return logic(predicates);
}

type Logic = <Line>(predicates: readonly Predicate<Line>[]) => Predicate<Line>;

const all: Logic = (predicates) => (line) => {
  for (const predicate of predicates) if (!predicate(line)) return false;
  return true;
};

const any: Logic = (predicates) => (line) => {
  for (const predicate of predicates) if (predicate(line)) return true;
  return false;
};

const none: Logic = (predicates) => (line) => {
  for (const predicate of predicates) if (predicate(line)) return false;
  return true;
};

const notAll: Logic = (predicates) => (line) => {
  for (const predicate of predicates) if (!predicate(line)) return true;
  return false;
};

const LOGIC = { AND: all, OR: any, '!AND': notAll, '!OR': none } as const satisfies Record<string, Logic>;

function logicOf(word: unknown): Logic | undefined {
  const key = typeof word === 'string' ? word.toUpperCase() : '';
  return Object.hasOwn(LOGIC, key) ? LOGIC[key as keyof typeof LOGIC] : undefined;
}

function compileCondition<Line>(
  condition: readonly unknown[],
  preset: Preset,
  wrong: (message: string) => Predicate<Line>,
  bind: Bind<Line>,
): Predicate<Line> {
  const [name] = condition;
  if (typeof name !== 'string' || name === '') {
    return wrong(`expected the name of a variable first, got ${JSON.stringify(name)}`);
  }
  if (name.startsWith('$'))
    return wrong(`${JSON.stringify(name)}: the name of a variable stands here without its $`);
  const parts = operatorAndValue(condition);
  if (typeof parts === 'string') return wrong(parts);
  const operator = operatorNamed(parts.operator);
  if (operator === undefined) {
    return wrong(
      `invalid operator ${JSON.stringify(parts.operator)}; expected one of ${OPERATOR_NAMES.join(' ')}`,
    );
  }
  const comparison = operator(parts.value, preset.unset);
  if (typeof comparison === 'string') return wrong(`${parts.operator}: ${comparison}`);
  const holds = bind({ name, operator: parts.operator.toLowerCase(), value: parts.value, comparison });
  return parts.negated ? (line) => !holds(line) : holds;
}

function operatorAndValue(
  condition: readonly unknown[],
): { operator: string; value: unknown; negated: boolean } | string {
  const [, second, third, fourth] = condition;
  if (condition.length === 4) {
    if (second !== '!') return 'of four elements, the second has to be "!"';
    if (typeof third !== 'string') return `expected an operator behind "!", got ${JSON.stringify(third)}`;
    return { operator: third, value: fourth, negated: true };
  }
  if (condition.length === 3) {
    if (typeof second !== 'string') return `expected an operator, got ${JSON.stringify(second)}`;
    return { operator: second, value: third, negated: false };
  }
  // [name, value]: equality, unless it looks like an operator whose value was forgotten.
  const isShort = condition.length === 2 && ['string', 'number', 'boolean'].includes(typeof second);
  const isOperator =
    typeof second === 'string' && (/^[!=~<>*]+$/.test(second) || operatorNamed(second) !== undefined);
  if (isShort && !isOperator) return { operator: '==', value: second, negated: false };
  return `expected [name, operator, value], got ${JSON.stringify(condition)}`;
}
