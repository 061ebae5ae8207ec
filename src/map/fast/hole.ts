/**
 * Holes in the text of an event, which each line fills. A hole does not copy: it says where its bytes stand, in the line
 * or in a buffer of its own, until the event is written.
 */
import { viewOf } from '../../bytes.ts';
import { LOG_ID_DIGITS } from '../log-id.ts';
import { formatSeconds } from '../timestamp.ts';
import { quote, toProperty, toText } from '../values.ts';
import type { Value } from '../values.ts';
import type { FastLine } from './line.ts';
import { CONTAINER, COPYABLE, NUMBER, ODD, SLACK } from './scan.ts';
import { MISSING } from './variable.ts';
import type { FastVariable } from './variable.ts';

const DASH = 0x2d;
const BACKSLASH = 0x5c;
/** A number of so few bytes without an exponent is in the range of a double. */
const FINITE_BYTES = 300;

export abstract class Hole {
  /** What fills the hole: `view[start, start + length)`, with SLACK bytes behind it. */
  view: DataView = NO_BYTES;
  start = 0;
  length = 0;
  /** It is filled with text that is perhaps nothing but white space. */
  blank = false;

  /** Fills the hole from the line; false when only the plain mapper knows what becomes of the line. */
  abstract fill(line: FastLine): boolean;
}

/** A buffer that can be looked at in a view, with SLACK behind what is in it. */
class OwnBytes {
  #buffer = Buffer.alloc(32 + SLACK);
  view = viewOf(this.#buffer);

  /** Holds the text from now on; returns its length in bytes. */
  set(text: string): number {
    const needed = text.length * 3 + SLACK;
    if (needed > this.#buffer.length) {
      this.#buffer = Buffer.alloc(needed);
      this.view = viewOf(this.#buffer);
    }
    return this.#buffer.write(text);
  }
}

const NO_BYTES = new OwnBytes().view;

/** One variable, as a part of a string or as a whole value. */
export abstract class VariableHole extends Hole {
  readonly #variable: FastVariable;
  readonly #emptyIsNothing: boolean;
  readonly #dashIsNothing: boolean;
  readonly #unset: readonly string[];
  readonly #fallback: OwnBytes = new OwnBytes();
  readonly #fallbackLength: number;
  readonly #fallbackIsBlank: boolean;
  readonly #decoded = new OwnBytes();
  /** 1 to take the quotes of a string along. */
  readonly #quotes: number;

  /** @param unset Texts that count as missing: '' or '-' @param fallback JSON in the place of a missing value */
  constructor(variable: FastVariable, unset: readonly string[], fallback: string, quotes: 0 | 1) {
    super();
    this.#variable = variable;
    this.#unset = unset;
    this.#emptyIsNothing = unset.includes('');
    this.#dashIsNothing = unset.includes('-');
    this.#fallbackLength = this.#fallback.set(fallback);
    this.#fallbackIsBlank = (JSON.parse(quotes === 1 ? fallback : `"${fallback}"`) as string).trim() === '';
    this.#quotes = quotes;
  }

  /** The JSON of a value that cannot be copied; undefined when that takes the plain mapper. */
  protected abstract json(value: Value): string | undefined;

  /** Whether the number `bytes[start, end)` can be copied. */
  protected abstract isCopied(bytes: Uint8Array, start: number, end: number): boolean;

  fill(line: FastLine): boolean {
    const slot = this.#variable.find(line);
    if (slot < 0)
      return slot === MISSING ? this.#fillFallback() : this.#fillValue(this.#variable.value(line));
    const kind = line.kinds[slot]!;
    const start = line.starts[slot]!;
    const end = line.ends[slot]!;
    const { bytes } = line;
    if (kind <= COPYABLE) {
      if (end === start && this.#emptyIsNothing) return this.#fillFallback();
      const first = bytes[start]!;
      if (end === start + 1 && first === DASH && this.#dashIsNothing) return this.#fillFallback();
      this.blank = first <= 0x20 || first >= 0x7f || first === BACKSLASH || end === start;
      this.view = line.view;
      this.start = start - this.#quotes;
      this.length = end - start + 2 * this.#quotes;
      return true;
    }
    if (kind === ODD || kind === CONTAINER) return this.#fillValue(line.decode(slot));
    if (kind === NUMBER && !this.isCopied(bytes, start, end)) return this.#fillValue(line.decode(slot));
    this.blank = false;
    this.view = line.view;
    this.start = start;
    this.length = end - start;
    return true;
  }

  #fillFallback(): boolean {
    this.view = this.#fallback.view;
    this.start = 0;
    this.length = this.#fallbackLength;
    this.blank = this.#fallbackIsBlank;
    return true;
  }

  #fillValue(value: Value): boolean {
    if (value === undefined || (typeof value === 'string' && this.#unset.includes(value))) {
      return this.#fillFallback();
    }
    const json = this.json(value);
    if (json === undefined) return false;
    this.length = this.#decoded.set(json);
    this.view = this.#decoded.view;
    this.start = 0;
    this.blank = typeof value === 'string' && value.trim() === '';
    return true;
  }
}

/** A variable within the quotes of a string. */
export class TextHole extends VariableHole {
  constructor(variable: FastVariable, unset: readonly string[], fallback: string | undefined) {
    super(variable, unset, inString(fallback ?? ''), 0);
  }

  protected override json(value: Value): string | undefined {
    const text = toText(value);
    // Halves of a character may become a whole one with what stands beside them.
    return text.isWellFormed() ? inString(text) : undefined;
  }

  protected override isCopied(): boolean {
    return true;
  }
}

/** A property that is a variable and nothing else. */
export class PropertyHole extends VariableHole {
  constructor(variable: FastVariable, unset: readonly string[], fallback: string | undefined) {
    super(variable, unset, quote(fallback ?? ''), 1);
  }

  protected override json(value: Value): string {
    return toProperty(value);
  }

  protected override isCopied(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > FINITE_BYTES) return false;
    for (let at = start; at < end; at++) if ((bytes[at]! | 0x20) === 0x65) return false;
    return true;
  }
}

/** A variable that is a plain decimal number, within the quotes of a string; all else is left to the plain mapper. */
export class AmountHole extends Hole {
  readonly #variable: FastVariable;
  readonly #maxDigits: number;

  constructor(variable: FastVariable, maxDigits: number) {
    super();
    this.#variable = variable;
    this.#maxDigits = maxDigits;
  }

  fill(line: FastLine): boolean {
    const slot = this.#variable.find(line);
    if (slot < 0) return false;
    const { bytes } = line;
    this.view = line.view;
    this.start = line.starts[slot]!;
    const end = line.ends[slot]!;
    this.length = end - this.start;
    const first = bytes[this.start] === DASH ? this.start + 1 : this.start;
    const point = skipDigits(bytes, first, end);
    if (point === first || point - first > this.#maxDigits) return false;
    if (point === end) return true;
    return bytes[point] === 0x2e && point + 1 < end && skipDigits(bytes, point + 1, end) === end;
  }
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at]! - 0x30) >>> 0 < 10) at++;
  return at;
}

/** `${log_id}` */
export class LogIdHole extends Hole {
  readonly #quotes: number;

  /** @param quotes 1 where no quotes stand around the hole */
  constructor(quotes: 0 | 1) {
    super();
    const bytes = new OwnBytes();
    this.length = bytes.set(quotes === 1 ? `"${' '.repeat(LOG_ID_DIGITS)}"` : ' '.repeat(LOG_ID_DIGITS));
    this.view = bytes.view;
    this.#quotes = quotes;
  }

  fill(line: FastLine): boolean {
    const { hash } = line;
    for (let i = 0; i < LOG_ID_DIGITS; i++) this.view.setUint8(this.#quotes + i, hash.charCodeAt(i));
    return true;
  }
}

/** The timestamp. */
export class TimeHole extends Hole {
  readonly #bytes = new OwnBytes();
  readonly #milliseconds: Float64Array;
  /** The second whose digits stand in `#bytes`. */
  #second = -1;
  #digits = 0;

  /** @param milliseconds holds the time, Unix, when the event is filled */
  constructor(milliseconds: Float64Array) {
    super();
    this.#milliseconds = milliseconds;
  }

  fill(): boolean {
    const milliseconds = this.#milliseconds[0]!;
    const second = Math.floor(milliseconds / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#digits = this.#bytes.set(formatSeconds(second * 1000));
      this.view = this.#bytes.view;
    }
    this.length = this.#digits + this.#writeRest(milliseconds - second * 1000);
    return true;
  }

  /** Writes the milliseconds behind the second, without zeros at their end; returns the number of bytes. */
  #writeRest(rest: number): number {
    if (rest === 0) return 0;
    const { view } = this;
    const at = this.#digits;
    const tens = Math.floor(rest / 10);
    const hundreds = Math.floor(tens / 10);
    view.setUint8(at, 0x2e);
    view.setUint8(at + 1, 0x30 + hundreds);
    view.setUint8(at + 2, 0x30 + tens - hundreds * 10);
    view.setUint8(at + 3, 0x30 + rest - tens * 10);
    if (rest !== tens * 10) return 4;
    return tens === hundreds * 10 ? 2 : 3;
  }
}

/** Text as it stands between the quotes of a JSON string. */
export function inString(text: string): string {
  return quote(text).slice(1, -1);
}
