/**
 * When the usage of a line happened: the first of several times that it has, less a duration, as `map/timestamp.ts` reads
 * them. Plain numbers are read by the kernel, everything else here. The record is that of `src/kernel/assembly/time.ts`.
 */
import { NUMBER, STRING } from '../../kernel/kinds.ts';
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { Preset } from '../presets.ts';
import { formatSeconds, parseDuration, parseTime } from '../timestamp.ts';
import type { FastLine } from './line.ts';
import { MISSING } from './variable.ts';
import type { FastVariable } from './variable.ts';

const PLAIN_NUMBER = /^\d{1,15}(?:\.\d+)?$/;
/** Of Unix seconds with three decimals. */
const MOST_BYTES = 24;
/** Index of the second in the record, in words. */
const SECOND = 8;

export class FastTime {
  /** Where it stands in the kernel's memory. */
  record: Address = 0;
  /** Where the time stands as Unix seconds, once it was found. */
  readonly text: Address;
  readonly #memory: KernelMemory;
  readonly #times: readonly FastVariable[];
  readonly #duration: FastVariable | undefined;
  readonly #dashIsNothing: boolean;
  /** Index of the word that says how long the text is. */
  #length = 0;

  /** @throws OutOfMemoryError */
  constructor(
    memory: KernelMemory,
    times: readonly FastVariable[],
    duration: FastVariable | undefined,
    preset: Preset,
  ) {
    this.text = memory.allocate(MOST_BYTES);
    this.#memory = memory;
    this.#times = times;
    this.#duration = duration;
    this.#dashIsNothing = preset.unset.includes('-');
  }

  /** Tells where the length of the text is to be written, each time. @throws OutOfMemoryError */
  writeTo(lengthAt: Address): void {
    const memory = this.#memory;
    const list = memory.putWords(this.#times.map((time) => time.writeTo(memory)));
    this.record = memory.putWords([
      this.#times.length,
      list,
      this.#duration?.writeTo(memory) ?? 0,
      this.#dashIsNothing ? 1 : 0,
      this.text,
      lengthAt,
      0,
      0,
      // Of no second stand the digits in the text.
      -1,
      -1,
      0,
    ]);
    this.#length = lengthAt / 4;
  }

  /** Unix milliseconds; NaN when it takes the plain mapper to tell. */
  of(line: FastLine): number {
    const start = this.#memory.kernel.time(this.record);
    return start >= 0 ? start : this.#parse(line);
  }

  #parse(line: FastLine): number {
    for (const variable of this.#times) {
      const text = this.#textOf(variable, line);
      if (text === '') continue;
      const duration = this.#duration === undefined ? '' : this.#textOf(this.#duration, line);
      if (text === undefined || duration === undefined) return NaN;
      const start = parseTime(text) - (duration === '' ? 0 : parseDuration(duration));
      return start >= 0 ? this.#write(start) : NaN;
    }
    return NaN;
  }

  /** '' for nothing; undefined for what only the plain mapper understands. */
  #textOf(variable: FastVariable, line: FastLine): string | undefined {
    const slot = variable.find(line);
    if (slot === MISSING) return '';
    const kind = slot < 0 ? 0 : line.kinds[slot];
    if (kind !== NUMBER && kind !== STRING) return undefined;
    const text = this.#memory.buffer.toString('latin1', line.starts[slot], line.ends[slot]);
    if (kind === NUMBER) return PLAIN_NUMBER.test(text) ? text : undefined;
    if (text === '-' && this.#dashIsNothing) return '';
    // White space alone is nothing, too.
    return text.trim() === text ? text : undefined;
  }

  #write(milliseconds: number): number {
    const text = formatSeconds(milliseconds);
    if (text.length > MOST_BYTES) return NaN;
    const { buffer, words } = this.#memory;
    words.set([-1, -1], this.record / 4 + SECOND);
    words[this.#length] = buffer.write(text, this.text);
    return milliseconds;
  }
}
