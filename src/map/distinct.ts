/** Proof that two rules can never give one line the same transaction id. Conservative: false means "not proven". */
import type { RuleConfig } from '../config/types.ts';
import { parseTemplate } from './template.ts';
import type { TemplatePart } from './template.ts';
import { LOG_ID } from './variable.ts';

export function neverSameId(a: RuleConfig, b: RuleConfig): boolean {
  return areDistinct(a.event_transaction_id, b.event_transaction_id) || areExclusive(a.filter, b.filter);
}

/** True when the two templates give different texts for every line. */
export function areDistinct(a: string, b: string): boolean {
  const [left, right] = [parseTemplate(a), parseTemplate(b)];
  return (
    differAtStart(literalOf(left[0]), literalOf(right[0])) ||
    differAtEnd(literalOf(left.at(-1)), literalOf(right.at(-1))) ||
    // The hash of the line equals nothing that stands in it.
    usesLogId(left) !== usesLogId(right) ||
    // The same variables have the same total length in one line, so that different literals make different lengths.
    (variablesOf(left) === variablesOf(right) && literalLength(left) !== literalLength(right))
  );
}

function literalOf(part: TemplatePart | undefined): string {
  return typeof part === 'string' ? part : '';
}

function differAtStart(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length) !== b.slice(0, length);
}

function differAtEnd(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(a.length - length) !== b.slice(b.length - length);
}

function usesLogId(parts: readonly TemplatePart[]): boolean {
  return parts.some((part) => typeof part !== 'string' && part.name === LOG_ID);
}

function variablesOf(parts: readonly TemplatePart[]): string {
  return JSON.stringify(
    parts.flatMap((part) => (typeof part === 'string' ? [] : JSON.stringify(part))).toSorted(),
  );
}

function literalLength(parts: readonly TemplatePart[]): number {
  return parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
}

/** True when both filters demand that one variable equal a constant, and not the same one. */
function areExclusive(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  const demanded = equalitiesOf(a);
  return equalitiesOf(b).some(([name, value]) =>
    demanded.some(
      ([other, required]) => other === name && typeof required === typeof value && required !== value,
    ),
  );
}

/** The `[name, "==", constant]` that all have to hold. */
function equalitiesOf(filter: readonly unknown[] = []): (readonly [name: unknown, value: unknown])[] {
  const [first] = filter;
  const isOther = typeof first === 'string' && first.toUpperCase() !== 'AND';
  if (isOther) return [];
  return filter.flatMap((condition) => {
    if (!Array.isArray(condition) || condition.length !== 3 || condition[1] !== '==') return [];
    const [name, , value] = condition as readonly unknown[];
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [];
  });
}
