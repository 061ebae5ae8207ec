/**
 * The comparisons of filters, as lua-resty-expr has them. The left side is a variable of the line, the right side is
 * fixed, so each comparison is compiled for its right side.
 *
 * One log writes a value as a number, the next one as text. A right side that is text compares with a number as it is
 * written, so that `["status", "==", "200"]` holds for both `200` and `"200"`; in APISIX, where `status` is a number, it
 * never does.
 */
import { compileAddresses } from './address.ts';
import { compilePattern } from './pattern.ts';
import { isNumber, toNumber, toText } from './values.ts';
import type { Value } from './values.ts';

/** True when the comparison holds for the left side. */
export type Comparison = (left: Value) => boolean;

/** Compiles an operator for its right side, or says what is wrong with it. `unset` lists texts that count as no value. */
type Operator = (right: unknown, unset: readonly string[]) => Comparison | string;

const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': equals,
  '~=': (right, unset) => negate(equals(right, unset)),
  '>': ordered((left, right) => left > right),
  '>=': ordered((left, right) => left >= right),
  '<': ordered((left, right) => left < right),
  '<=': ordered((left, right) => left <= right),
  '~~': (right) => matches(right, false),
  '~*': (right) => matches(right, true),
  in: oneOf,
  has: contains,
  ipmatch: inNetworks,
};

export const OPERATOR_NAMES = Object.keys(OPERATORS);

/** The operator of a name, in any case; undefined when there is none. */
export function operatorNamed(name: string): Operator | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(OPERATORS, key) ? OPERATORS[key] : undefined;
}

function equals(right: unknown, unset: readonly string[]): Comparison | string {
  if (right === null)
    return (left) => left === undefined || (typeof left === 'string' && unset.includes(left));
  if (typeof right === 'number') return (left) => toNumber(left) === right;
  if (typeof right === 'boolean') return (left) => left === right;
  if (typeof right === 'string') return (left) => isScalar(left) && toText(left) === right;
  return 'expected text, a number, true, false or null';
}

function negate(comparison: Comparison | string): Comparison | string {
  return typeof comparison === 'string' ? comparison : (left) => !comparison(left);
}

function ordered(holds: (left: number, right: number) => boolean): Operator {
  return (right) => {
    const bound = typeof right === 'number' || typeof right === 'string' ? toNumber(right) : NaN;
    if (Number.isNaN(bound)) return `expected a number, got ${JSON.stringify(right)}`;
    // NaN compares false with everything, as a left side that is no number should.
    return (left) => holds(toNumber(left), bound);
  };
}

function matches(right: unknown, ignoreCase: boolean): Comparison | string {
  if (typeof right !== 'string') return `expected a regular expression, got ${JSON.stringify(right)}`;
  const pattern = compilePattern(right, ignoreCase);
  if (typeof pattern === 'string') return `${JSON.stringify(right)}: ${pattern}`;
  return (left) => isScalar(left) && pattern(toText(left));
}

function oneOf(right: unknown): Comparison | string {
  if (!Array.isArray(right)) return `expected a list, got ${JSON.stringify(right)}`;
  const comparisons: Comparison[] = [];
  for (const item of right) {
    const comparison = item === null ? NO_CONSTANT : equals(item, []);
    if (typeof comparison === 'string') return `${comparison} in the list, got ${JSON.stringify(item)}`;
    comparisons.push(comparison);
  }
  return (left) => comparisons.some((comparison) => comparison(left));
}

function contains(right: unknown): Comparison | string {
  const comparison = right === null ? NO_CONSTANT : equals(right, []);
  if (typeof comparison === 'string') return comparison;
  return (left) => Array.isArray(left) && left.some((item: Value) => comparison(item ?? undefined));
}

function inNetworks(right: unknown): Comparison | string {
  const list: readonly unknown[] = Array.isArray(right) ? right : [right];
  if (list.length === 0 || !list.every((item) => typeof item === 'string')) {
    return `expected an ip address or a list of them, got ${JSON.stringify(right)}`;
  }
  const matcher = compileAddresses(list);
  return typeof matcher === 'string' ? matcher : (left) => typeof left === 'string' && matcher(left);
}

const NO_CONSTANT = 'expected text, a number, true or false';

/** Neither missing, nor an object, nor an array. */
function isScalar(value: Value): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || isNumber(value);
}
