/**
 * Makes JSON of what gateways write instead of it, and says where a line that cannot be mended goes wrong.
 * Only lines that `JSON.parse` refuses come here. What is repaired, and nothing else:
 *
 *   inside strings       \xHH of NGINX's escape=default     → the text that those bytes are
 *   as a member's value  a bare - or nothing                → null
 *                        a bare list such as 0.1, - : 0.2   → a string (several upstream tries)
 *                        a number with leading zeros, 000   → the number
 *   in arrays            a bare -                           → null
 */
import { failureAt } from './failure.ts';
import type { ParseFailure } from './failure.ts';
import { hexRunToText } from './text.ts';

export interface RepairedJson {
  /** JSON, by this scanner's grammar. */
  readonly text: string;
  readonly hexEscapes: boolean;
  readonly bareValues: boolean;
  readonly invalidUtf8: boolean;
}

/** Mends the text, or tells the first place that is wrong. Its nesting must be known to be bounded. */
export function repairJson(text: string): RepairedJson | ParseFailure {
  const scanner = new Scanner(text);
  try {
    return scanner.run();
  } catch (error) {
    if (error instanceof Refusal)
      return failureAt(text, error.position, `not a JSON object: ${error.message}`);
    throw error;
  }
}

class Refusal extends Error {
  readonly position: number;

  constructor(position: number, problem: string) {
    super(problem);
    this.position = position;
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const ZERO_PADDED = /-?0\d+(?:\.\d+)?(?![\w.+-])/y;
const LEADING_ZEROS = /^(-?)0+(?=\d)/;
const BARE_LIST = /(?:-|\d[\d.]*)(?: ?[,:] ?(?:-|\d[\d.]*))+(?=[ \t]*[,}])/y;
const BARE_DASH = /-(?=[ \t]*[,}\]])/y;
const KEYWORD = /(?:true|false|null)(?!\w)/y;
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y; // oxlint-disable-line no-control-regex
const JSON_ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;
const HEX_ESCAPES = /(?:\\x[\dA-Fa-f]{2})+/y;

/** A recursive-descent reader of JSON that copies its input, replacing what it repairs. */
class Scanner {
  readonly #text: string;
  #at = 0;
  /** Repaired text up to `#copied`. */
  #output = '';
  #copied = 0;
  #hexEscapes = false;
  #bareValues = false;
  #invalidUtf8 = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): RepairedJson {
    this.#take(SPACE);
    if (this.#at === this.#text.length) this.#refuse('nothing but white space');
    this.#value(false);
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#refuse('more text after the value');
    return {
      text: this.#output + this.#text.slice(this.#copied),
      hexEscapes: this.#hexEscapes,
      bareValues: this.#bareValues,
      invalidUtf8: this.#invalidUtf8,
    };
  }

  #value(ofMember: boolean): void {
    const from = this.#at;
    const next = this.#text[from];
    if (next === '{') this.#object();
    else if (next === '[') this.#array();
    else if (next === '"') this.#string();
    else if (ofMember && (next === ',' || next === '}')) this.#replaceBare(from, 'null');
    else if (ofMember && this.#take(BARE_LIST)) {
      this.#replaceBare(from, JSON.stringify(this.#text.slice(from, this.#at)));
    } else if (this.#take(BARE_DASH)) this.#replaceBare(from, 'null');
    else if (ofMember && this.#take(ZERO_PADDED)) {
      this.#replaceBare(from, this.#text.slice(from, this.#at).replace(LEADING_ZEROS, '$1'));
    } else if (!this.#take(NUMBER) && !this.#take(KEYWORD)) this.#refuse('expected a value');
  }

  #object(): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#skip('}')) return;
    do {
      this.#take(SPACE);
      if (this.#text[this.#at] !== '"') this.#refuse('expected a quoted name');
      this.#string();
      this.#take(SPACE);
      if (!this.#skip(':')) this.#refuse('expected a colon');
      this.#take(SPACE);
      this.#value(true);
      this.#take(SPACE);
    } while (this.#skip(','));
    if (!this.#skip('}')) this.#refuse('expected a comma or }');
  }

  #array(): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#skip(']')) return;
    do {
      this.#take(SPACE);
      this.#value(false);
      this.#take(SPACE);
    } while (this.#skip(','));
    if (!this.#skip(']')) this.#refuse('expected a comma or ]');
  }

  #string(): void {
    this.#at++;
    for (;;) {
      this.#take(PLAIN_CHARACTERS);
      const from = this.#at;
      if (this.#skip('"')) return;
      if (this.#take(JSON_ESCAPE)) continue;
      if (this.#take(HEX_ESCAPES)) this.#replaceHex(from);
      else if (from === this.#text.length) this.#refuse('a string is not closed');
      else this.#refuse(this.#text[from] === '\\' ? 'not an escape of JSON' : 'a bare control character');
    }
  }

  #replaceHex(from: number): void {
    const decoded = hexRunToText(this.#text.slice(from, this.#at), () => (this.#invalidUtf8 = true));
    this.#replace(from, JSON.stringify(decoded).slice(1, -1));
    this.#hexEscapes = true;
  }

  #replaceBare(from: number, json: string): void {
    this.#replace(from, json);
    this.#bareValues = true;
  }

  /** Puts `json` in the place of `text[from, at)`. */
  #replace(from: number, json: string): void {
    this.#output += this.#text.slice(this.#copied, from) + json;
    this.#copied = this.#at;
  }

  /** Moves behind what the sticky pattern matches here; false when it matches nothing. */
  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #refuse(problem: string): never {
    throw new Refusal(this.#at, problem);
  }
}
