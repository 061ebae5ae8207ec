/**
 * One JSON object from the text of a line. `JSON.parse` decides; only what it refuses is looked at again by
 * `repair.ts`. This is the reference that every faster path has to agree with.
 */
import type { Repairs } from '../types.ts';
import { ParseFailure, failureAt } from './failure.ts';
import { WrittenNumber, isFields } from './fields.ts';
import type { FieldValue, Fields } from './fields.ts';
import { repairJson } from './repair.ts';

/** Deeper nesting is refused, so that what becomes of a line never depends on the size of a stack. */
export const MAX_DEPTH = 128;

/**
 * Finds any number that might not print as it is written: a zero at the end of its decimals, an exponent, more digits
 * than the 15 that a double keeps, a tiny fraction (printed with an exponent), minus zero. May find too much.
 */
const ODD_NUMBER =
  /(?<=[:,[\s])-?(?:\d+\.\d*0(?=[\s,}\]])|[\d.]{16}|[\d.]+[eE]|0\.000000|(?<=-)0(?=[\s,}\]]))/;

/** `JSON.parse` with the source text of each primitive, which TypeScript's library does not know yet. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

/** The fields of a line, or why it has none. Counts what it had to repair. */
export function parseJsonLine(text: string, repairs: Repairs): Fields | ParseFailure {
  if (isTooDeep(text)) return new ParseFailure(`not a JSON object: nested deeper than ${MAX_DEPTH} levels`);
  let value: FieldValue;
  try {
    value = parseJson(text);
  } catch {
    const repaired = repairJson(text);
    if (repaired instanceof ParseFailure) return repaired;
    value = parseJson(repaired.text);
    if (repaired.hexEscapes) repairs.hexEscapes++;
    if (repaired.bareValues) repairs.bareDashes++;
    if (repaired.invalidUtf8) repairs.invalidUtf8++;
  }
  if (isFields(value)) return value;
  return failureAt(text, text.search(/\S/), `expected a JSON object, found ${describe(value)}`);
}

/**
 * The value of JSON text that is no bare number. Numbers in it come out as `number` when they print as they are written,
 * else as `WrittenNumber`. Throws a SyntaxError.
 */
export function parseJson(text: string): FieldValue {
  if (!ODD_NUMBER.test(text)) return JSON.parse(text) as FieldValue;
  return parseWithSource(text, keepWritten) as FieldValue;
}

function keepWritten(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined || String(value) === context.source)
    return value;
  return new WrittenNumber(context.source, value);
}

/** Counts brackets without regard to strings at first: real lines have few, and then it is certain. */
function isTooDeep(text: string): boolean {
  return countOf('{', text) + countOf('[', text) > MAX_DEPTH && depth(text) > MAX_DEPTH;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/** The deepest nesting outside strings. */
function depth(text: string): number {
  let deepest = 0;
  let current = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++current);
    else if (character === '}' || character === ']') current--;
  }
  return deepest;
}

function describe(value: FieldValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value instanceof WrittenNumber ? 'a number' : `a ${typeof value}`;
}
