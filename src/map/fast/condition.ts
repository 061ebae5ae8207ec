/** Conditions of filters on a scanned line. The common ones compare bytes, the others a value, as the plain ones do. */
import type { Condition, Predicate } from '../filter.ts';
import { literalPattern } from '../pattern.ts';
import { LOG_ID } from '../variable.ts';
import type { FastLine } from './line.ts';
import { STRING } from '../../kernel/kinds.ts';
import type { FastVariable } from './variable.ts';

/** What of a text of ASCII has to be equal to the literal. */
interface Literal {
  readonly bytes: Buffer;
  readonly whole: boolean;
  /** What the condition says of a text that has it. */
  readonly verdict: boolean;
}

/** @param variable Gives the variable of a name; any but `log_id` */
export function bindCondition(
  { name, operator, value, comparison }: Condition,
  variable: (name: string) => FastVariable,
): Predicate<FastLine> {
  if (name === LOG_ID) return (line) => comparison(line.id);
  const left = variable(name);
  const literal = literalOf(operator, value);
  if (literal === undefined) {
    return (line) => {
      const slot = left.find(line);
      return comparison(slot >= 0 ? line.decode(slot) : left.value(line));
    };
  }
  const { bytes, whole, verdict } = literal;
  return (line) => {
    const slot = left.find(line);
    if (slot < 0) return comparison(left.value(line));
    if (line.kinds[slot] !== STRING) return comparison(line.decode(slot));
    const start = line.starts[slot]!;
    const length = line.ends[slot]! - start;
    if (whole ? length !== bytes.length : length < bytes.length) return !verdict;
    for (let i = 0; i < bytes.length; i++) if (line.bytes[start + i] !== bytes[i]) return !verdict;
    return verdict;
  };
}

/** Of `==` and `~=` with a text, and of patterns such as `^/v1/` and `^GET$`. */
function literalOf(operator: string, value: unknown): Literal | undefined {
  if (typeof value !== 'string') return undefined;
  if (operator === '==' || operator === '~=') {
    return { bytes: Buffer.from(value), whole: true, verdict: operator === '==' };
  }
  const pattern = operator === '~~' ? literalPattern(value) : undefined;
  if (pattern?.atStart !== true) return undefined;
  return { bytes: Buffer.from(pattern.text), whole: pattern.atEnd, verdict: true };
}
