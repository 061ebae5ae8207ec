/**
 * Templates in the language of APISIX's `resolve_var`: `${name}`, `$name`, `${name ?? default}`. A backslash before the
 * dollar sign leaves both as they are; a missing variable is an empty string.
 */
import type { MappedLine } from './line.ts';
import type { Preset } from './presets.ts';
import { toText } from './values.ts';
import type { Value } from './values.ts';
import { compileVariable } from './variable.ts';
import type { Variable } from './variable.ts';

/** A template as written: literal text and variables in turn. */
export type TemplatePart = string | TemplateVariable;

export interface TemplateVariable {
  readonly name: string;
  /** The text to use when the variable is missing; undefined when none is given. */
  readonly fallback: string | undefined;
}

const VARIABLE = /(?<!\\)\$(\{\s*([^}]+?)\s*\}|([\w.]+))/g;
const DEFAULT_OPERATOR = /\s*\?\?\s*/;

/** Splits a template into its parts; neighbouring parts are never both text, and no text is empty. */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of template.matchAll(VARIABLE)) {
    if (match.index > end) parts.push(template.slice(end, match.index));
    const [name = '', fallback] = (match[2] ?? match[3] ?? '').split(DEFAULT_OPERATOR);
    parts.push({ name, fallback });
    end = match.index + match[0].length;
  }
  if (end < template.length) parts.push(template.slice(end));
  return parts;
}

/** What APISIX would take as text, and nobody means: `${` that is never closed, or with no name in it. */
export function templateProblem(template: string): string | undefined {
  for (const part of parseTemplate(template)) {
    if (typeof part === 'string') {
      const open = /(?<!\\)\$\{[^}]*/.exec(part);
      if (open !== null) return `${JSON.stringify(open[0])} is no variable: expected \${name}`;
    } else if (part.name.trim() === '') return 'a variable has no name: expected ${name}';
  }
  return undefined;
}

/** A template, ready to be filled in from lines. */
export class Template {
  /** As it was written, for messages. */
  readonly source: string;
  readonly #parts: readonly (string | CompiledVariable)[];
  /** True when it is one variable and nothing else, so that a property can keep the type of its value. */
  readonly isVariable: boolean;
  /** True when every line gives the same text. */
  readonly isLiteral: boolean;

  constructor(source: string, preset: Preset) {
    this.source = source;
    this.#parts = parseTemplate(source).map((part) =>
      typeof part === 'string' ? part : new CompiledVariable(part, preset),
    );
    this.isVariable = this.#parts.length === 1 && typeof this.#parts[0] !== 'string';
    this.isLiteral = this.#parts.every((part) => typeof part === 'string');
  }

  /** The text for this line. */
  text(line: MappedLine): string {
    let text = '';
    for (const part of this.#parts) text += typeof part === 'string' ? part : toText(part.value(line));
    return text;
  }

  /**
   * The text for this line, or '' when the template has variables and the line has none of them: the literal rest of
   * `cus_${consumer}` would name somebody who does not exist.
   */
  identity(line: MappedLine): string {
    let text = '';
    let found = this.isLiteral;
    for (const part of this.#parts) {
      const piece = typeof part === 'string' ? part : toText(part.value(line));
      if (typeof part !== 'string' && piece.trim() !== '') found = true;
      text += piece;
    }
    return found ? text : '';
  }

  /** For a template of one variable (`isVariable`): its value with the type that the log gives it. */
  value(line: MappedLine): Value {
    const [part] = this.#parts;
    return part === undefined || typeof part === 'string' ? part : part.value(line);
  }
}

class CompiledVariable {
  readonly #find: Variable;
  readonly #fallback: string | undefined;
  readonly #unset: readonly string[];

  constructor(variable: TemplateVariable, preset: Preset) {
    this.#find = compileVariable(variable.name, preset);
    this.#fallback = variable.fallback;
    this.#unset = preset.unset;
  }

  value(line: MappedLine): Value {
    const value = this.#find(line);
    if (value === undefined || (typeof value === 'string' && this.#unset.includes(value)))
      return this.#fallback;
    return value;
  }
}
