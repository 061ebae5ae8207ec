/**
 * Regular expressions of filters. They run on text that clients choose (URIs, user agents), so they run on RE2JS, in
 * time linear in the text: no pattern can stall the daemon. A pattern has to be one for JavaScript and for RE2, and to
 * mean the same to both.
 */
import { createRequire } from 'node:module';
import type * as re2js from 're2js';

const load = createRequire(import.meta.url);

/** True when the pattern matches somewhere in the text. */
export type Pattern = (text: string) => boolean;

/** Literal text, perhaps anchored, in which only punctuation is escaped. */
const LITERAL = /^(\^)?((?:[^\\^$.*+?()[\]{}|]|\\[^\dA-Za-z])*)(\$)?$/s;

/** Letters that after a backslash mean the same to JavaScript and RE2; others are a plain letter to one of them. */
const SHARED_ESCAPES = 'bBdDfnpPrsStuvwWxc';

/** Compiles a pattern, or says why it cannot be used. */
export function compilePattern(source: string, ignoreCase: boolean): Pattern | string {
  try {
    RegExp(source);
  } catch (error) {
    return `not a regular expression of JavaScript: ${messageOf(error)}`;
  }
  for (const [, character = ''] of source.matchAll(/\\(.)/gs)) {
    if (/[A-Za-z]/.test(character) && !SHARED_ESCAPES.includes(character)) {
      return `\\${character} does not mean the same to JavaScript and to RE2, which runs it in linear time`;
    }
  }
  try {
    // Loaded with the first pattern: many configurations have none.
    const { RE2JS } = load('re2js') as typeof re2js;
    const translated = RE2JS.translateRegExp(source);
    const compiled = RE2JS.compile(translated, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    return (ignoreCase ? undefined : literal(source)) ?? ((text) => compiled.test(text));
  } catch (error) {
    return `cannot run in linear time (RE2): ${LOOKAROUND.test(source) ? LOOKAROUND_HINT : messageOf(error)}`;
  }
}

const LOOKAROUND = /\(\?<?[=!]/;
const LOOKAROUND_HINT = 'it has no lookahead or lookbehind; use two conditions, one of them with "!"';

/** Text that a pattern means literally, and where it has to stand. */
export interface LiteralPattern {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** What most patterns of filters are; undefined for one that takes an automaton. For a pattern that can be compiled. */
export function literalPattern(source: string): LiteralPattern | undefined {
  const match = LITERAL.exec(source);
  if (match === null) return undefined;
  const text = match[2]!.replaceAll(/\\(.)/gs, '$1');
  return { text, atStart: match[1] !== undefined, atEnd: match[3] !== undefined };
}

/** The same answer without an automaton. */
function literal(source: string): Pattern | undefined {
  const pattern = literalPattern(source);
  if (pattern === undefined) return undefined;
  const { text, atStart, atEnd } = pattern;
  if (atStart && atEnd) return (subject) => subject === text;
  if (atStart) return (subject) => subject.startsWith(text);
  if (atEnd) return (subject) => subject.endsWith(text);
  return (subject) => subject.includes(text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
