/** Times and durations from the bytes of a line, in integer milliseconds; as `map/timestamp.ts` reads them from text. */
import type { Preset } from '../presets.ts';
import { FIRST_MILLISECOND_VALUE, LAST_MILLISECOND_VALUE, parseDuration, parseTime } from '../timestamp.ts';
import type { FastLine } from './line.ts';
import { NUMBER, STRING } from './scan.ts';
import { MISSING } from './variable.ts';
import type { FastVariable } from './variable.ts';

const ZERO = 0x30;
const DOT = 0x2e;
const DASH = 0x2d;
const MAX_DIGITS = 15;

/** What a field has. */
type Found = 'time' | 'nothing' | 'unknown';

/** When the usage of a line happened: the first of `times` that it has, less `duration`. */
export class FastTime {
  /** Of the line that was read last, Unix. In an array, as each line would make a number on the heap otherwise. */
  readonly milliseconds = new Float64Array(1);
  readonly #times: readonly FastVariable[];
  readonly #duration: FastVariable | undefined;
  readonly #dashIsNothing: boolean;
  readonly #read = new Float64Array(1);

  constructor(times: readonly FastVariable[], duration: FastVariable | undefined, preset: Preset) {
    this.#times = times;
    this.#duration = duration;
    this.#dashIsNothing = preset.unset.includes('-');
  }

  /** Whether the line has a time; false also when it takes the plain mapper to tell. */
  find(line: FastLine): boolean {
    const times = this.#times;
    for (let i = 0; i < times.length; i++) {
      const found = this.#find(times[i]!, line, false);
      if (found === 'nothing') continue;
      if (found === 'unknown') return false;
      let start = this.#read[0]!;
      if (this.#duration !== undefined) {
        const has = this.#find(this.#duration, line, true);
        if (has === 'unknown') return false;
        if (has === 'time') start -= this.#read[0]!;
      }
      this.milliseconds[0] = start;
      return start >= 0;
    }
    return false;
  }

  #find(variable: FastVariable, line: FastLine, isDuration: boolean): Found {
    const slot = variable.find(line);
    if (slot === MISSING) return 'nothing';
    const kind = slot < 0 ? 0 : line.kinds[slot];
    if (kind !== NUMBER && kind !== STRING) return 'unknown';
    const start = line.starts[slot]!;
    const end = line.ends[slot]!;
    if (start === end) return 'nothing';
    if (end === start + 1 && line.bytes[start] === DASH && this.#dashIsNothing) return 'nothing';
    let time = readDecimal(line.bytes, start, end, isDuration);
    if (!(time >= 0)) {
      const text = kind === STRING ? line.decode(slot) : undefined;
      // White space alone is nothing, too.
      if (typeof text !== 'string' || text.trim() !== text) return 'unknown';
      time = isDuration ? parseDuration(text) : parseTime(text);
      if (Number.isNaN(time)) return 'unknown';
    }
    this.#read[0] = time;
    return 'time';
  }
}

/** Milliseconds of the decimal number `bytes[start, end)`, cut off behind the point; NaN when it is none. */
function readDecimal(bytes: Uint8Array, start: number, end: number, isDuration: boolean): number {
  let whole = 0;
  let at = start;
  let digit = 0;
  while (at < end && (digit = (bytes[at]! - ZERO) >>> 0) < 10) {
    whole = whole * 10 + digit;
    at++;
  }
  if (at === start || at - start > MAX_DIGITS) return NaN;
  if (at < end && (bytes[at] !== DOT || at + 1 === end)) return NaN;
  let thousandths = 0;
  let weight = 100;
  while (++at < end) {
    digit = (bytes[at]! - ZERO) >>> 0;
    if (digit > 9) return NaN;
    thousandths += digit * weight;
    weight = weight === 100 ? 10 : weight === 10 ? 1 : 0;
  }
  if (isDuration || whole < FIRST_MILLISECOND_VALUE) return whole * 1000 + thousandths;
  return whole <= LAST_MILLISECOND_VALUE ? whole : NaN;
}
