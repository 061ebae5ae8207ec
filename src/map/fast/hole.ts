/**
 * Holes in the text of an event, which each line fills. The kernel fills most of them; what it leaves, or is `given` to
 * it, is filled here: not by copying, but by saying where the bytes stand until the event is written. The record of a hole
 * is that of `src/kernel/assembly/event.ts`.
 */
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import { isFitForId } from '../id-text.ts';
import { LOG_ID_DIGITS } from '../log-id.ts';
import { quote, toProperty, toText } from '../values.ts';
import type { Value } from '../values.ts';
import type { FastLine } from './line.ts';
import type { FastTime } from './time.ts';
import type { FastVariable } from './variable.ts';

const DASH = 0x2d;

/** Flags of a record. */
const PROPERTY = 1;
const EMPTY_IS_NOTHING = 2;
const DASH_IS_NOTHING = 4;
const ID = 8;

/** Words of a record behind those of the text before the hole. */
const RULE_WORDS = 5;
export const HOLE_WORDS = RULE_WORDS + 3 + 2;

export abstract class Hole {
  /** The kernel knows nothing of it: it has to be filled before the others. */
  abstract readonly isGiven: boolean;
  protected readonly memory: KernelMemory;
  /** Index of the first word that says how it is filled. */
  #filled = 0;

  constructor(memory: KernelMemory) {
    this.memory = memory;
  }

  /** Fills the hole from the line; false when only the plain mapper knows what becomes of the line. */
  abstract fill(line: FastLine): boolean;

  /** Writes its record; the text before it is not its own. @param at address behind the text's words */
  writeTo(at: Address): void {
    this.memory.words.set(this.record(), at / 4);
    this.#filled = at / 4 + RULE_WORDS;
  }

  /** Words of the record: places, flags, fallback, what fills it at first. */
  protected record(): readonly number[] {
    return [];
  }

  /** @param blank It is text that is perhaps nothing but white space. */
  protected set(address: Address, length: number, blank: boolean): void {
    const { words } = this.memory;
    words[this.#filled] = address;
    words[this.#filled + 1] = length;
    words[this.#filled + 2] = blank ? 1 : 0;
  }
}

/** One variable, as a part of a string or as a whole value. */
export abstract class VariableHole extends Hole {
  readonly isGiven = false;
  /** Not every text may stand in an id. */
  protected readonly isId: boolean = false;
  readonly #variable: FastVariable;
  readonly #unset: readonly string[];
  readonly #fallback: string;
  readonly #fallbackIsBlank: boolean;
  readonly #isProperty: boolean;

  /** @param unset Texts that count as missing: '' or '-' @param fallback JSON in the place of a missing value */
  constructor(
    memory: KernelMemory,
    variable: FastVariable,
    unset: readonly string[],
    fallback: string,
    isProperty: boolean,
  ) {
    super(memory);
    this.#variable = variable;
    this.#unset = unset;
    this.#fallback = fallback;
    this.#isProperty = isProperty;
    this.#fallbackIsBlank = (JSON.parse(isProperty ? fallback : `"${fallback}"`) as string).trim() === '';
  }

  /** The JSON of a value that cannot be copied; undefined when that takes the plain mapper. */
  protected abstract json(value: Value): string | undefined;

  protected override record(): readonly number[] {
    const fallback = this.#fallback;
    return [
      this.#variable.writeTo(this.memory),
      (this.#isProperty ? PROPERTY : 0) |
        (this.#unset.includes('') ? EMPTY_IS_NOTHING : 0) |
        (this.#unset.includes('-') ? DASH_IS_NOTHING : 0) |
        (this.isId ? ID : 0),
      this.memory.putText(fallback),
      Buffer.byteLength(fallback),
      this.#fallbackIsBlank ? 1 : 0,
    ];
  }

  /** For a value that does not stand in the line as it is to be written. */
  fill(line: FastLine): boolean {
    const slot = this.#variable.find(line);
    const found = slot < 0 ? this.#variable.value(line) : line.decode(slot);
    const isMissing = found === undefined || (typeof found === 'string' && this.#unset.includes(found));
    const json = isMissing ? this.#fallback : this.json(found);
    const held = json === undefined ? undefined : this.memory.holdOddValue(json);
    if (held === undefined) return false;
    const blank = isMissing ? this.#fallbackIsBlank : typeof found === 'string' && found.trim() === '';
    this.set(held.address, held.length, blank);
    return true;
  }
}

/** A variable within the quotes of a string. */
export class TextHole extends VariableHole {
  protected override readonly isId: boolean;

  /** @param isId The string is an id; the fallback fits it. */
  constructor(
    memory: KernelMemory,
    variable: FastVariable,
    unset: readonly string[],
    fallback: string | undefined,
    isId: boolean,
  ) {
    super(memory, variable, unset, inString(fallback ?? ''), false);
    this.isId = isId;
  }

  protected override json(value: Value): string | undefined {
    const text = toText(value);
    if (this.isId && !isFitForId(text)) return undefined;
    // Halves of a character may become a whole one with what stands beside them.
    return text.isWellFormed() ? inString(text) : undefined;
  }
}

/** A property that is a variable and nothing else. */
export class PropertyHole extends VariableHole {
  constructor(
    memory: KernelMemory,
    variable: FastVariable,
    unset: readonly string[],
    fallback: string | undefined,
  ) {
    super(memory, variable, unset, quote(fallback ?? ''), true);
  }

  protected override json(value: Value): string {
    return toProperty(value);
  }
}

/** A variable that is a plain decimal number, within the quotes of a string; all else is left to the plain mapper. */
export class AmountHole extends Hole {
  readonly isGiven = true;
  readonly #variable: FastVariable;
  readonly #maxDigits: number;

  constructor(memory: KernelMemory, variable: FastVariable, maxDigits: number) {
    super(memory);
    this.#variable = variable;
    this.#maxDigits = maxDigits;
  }

  fill(line: FastLine): boolean {
    const slot = this.#variable.find(line);
    if (slot < 0) return false;
    const { bytes } = line;
    const start = line.starts[slot]!;
    const end = line.ends[slot]!;
    const first = bytes[start] === DASH ? start + 1 : start;
    const point = skipDigits(bytes, first, end);
    if (point === first || point - first > this.#maxDigits) return false;
    const isPlain =
      point === end ||
      (bytes[point] === 0x2e && point + 1 < end && skipDigits(bytes, point + 1, end) === end);
    if (isPlain) this.set(start, end - start, false);
    return isPlain;
  }
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at]! - 0x30) >>> 0 < 10) at++;
  return at;
}

/** `${log_id}` */
export class LogIdHole extends Hole {
  readonly isGiven = true;
  readonly #text: Address;
  readonly #quotes: number;

  /** @param quotes 1 where no quotes stand around the hole */
  constructor(memory: KernelMemory, quotes: 0 | 1) {
    super(memory);
    this.#quotes = quotes;
    this.#text = memory.putText(`"${' '.repeat(LOG_ID_DIGITS)}"`);
  }

  fill({ hash, bytes }: FastLine): boolean {
    const first = this.#text + 1;
    for (let i = 0; i < LOG_ID_DIGITS; i++) bytes[first + i] = hash.charCodeAt(i);
    this.set(first - this.#quotes, LOG_ID_DIGITS + 2 * this.#quotes, false);
    return true;
  }
}

/** The timestamp, which is found, and filled in, before all else. */
export class TimeHole extends Hole {
  readonly isGiven = false;
  readonly #time: FastTime;

  constructor(memory: KernelMemory, time: FastTime) {
    super(memory);
    this.#time = time;
  }

  fill(): boolean {
    return true;
  }

  override writeTo(at: Address): void {
    super.writeTo(at);
    this.set(this.#time.text, 0, false);
    this.#time.writeTo(at + (RULE_WORDS + 1) * 4);
  }
}

/** Text as it stands between the quotes of a JSON string. */
export function inString(text: string): string {
  return quote(text).slice(1, -1);
}
