/** When the usage of a line happened: the rule's `event_timestamp`, or the start of the request by the preset. */
import type { MappedLine } from './line.ts';
import type { Preset, StartFields } from './presets.ts';
import type { Template } from './template.ts';
import { parseDuration, parseTime } from './timestamp.ts';
import { toText } from './values.ts';
import { compileVariable } from './variable.ts';
import type { Variable } from './variable.ts';

/** Where a rule's timestamp comes from. */
export interface TimeSource {
  /** Unix milliseconds; `MISSING` when the line has no time, NaN when it is not one. */
  at(line: MappedLine): number;
  /** What the line has there, for a person: `msec "abc"`. */
  describe(line: MappedLine): string;
}

/** No real time: before 1970. */
export const MISSING = -1;

/** The time of `event_timestamp`, as it is: nothing is subtracted. */
export class TemplateTime implements TimeSource {
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  at(line: MappedLine): number {
    const text = this.#template.identity(line).trim();
    return text === '' ? MISSING : parseTime(text);
  }

  describe(line: MappedLine): string {
    return `${this.#template.source} is ${JSON.stringify(this.#template.text(line).slice(0, 80))}`;
  }
}

/** The first of the preset's times that the line has, less its duration. */
export class PresetTime implements TimeSource {
  readonly #fields: StartFields;
  readonly #times: readonly { readonly name: string; readonly find: Variable }[];
  readonly #duration: Variable | undefined;
  readonly #unset: readonly string[];

  constructor(fields: StartFields, preset: Preset) {
    this.#fields = fields;
    this.#times = fields.times.map((name) => ({ name, find: compileVariable(name, preset) }));
    this.#duration = fields.duration === undefined ? undefined : compileVariable(fields.duration, preset);
    this.#unset = preset.unset;
  }

  at(line: MappedLine): number {
    for (const { find } of this.#times) {
      const time = this.#text(find, line);
      if (time === '') continue;
      const duration = this.#duration === undefined ? '' : this.#text(this.#duration, line);
      const start = parseTime(time) - (duration === '' ? 0 : parseDuration(duration));
      return start >= 0 ? start : NaN;
    }
    return MISSING;
  }

  describe(line: MappedLine): string {
    const { times, duration } = this.#fields;
    const present = this.#times.filter(({ find }) => this.#text(find, line) !== '').slice(0, 1);
    if (present.length === 0) return `the line has none of ${times.join(', ')}`;
    const parts = present.map(({ name, find }) => `${name} is ${JSON.stringify(this.#text(find, line))}`);
    if (this.#duration !== undefined && duration !== undefined) {
      parts.push(`${duration} is ${JSON.stringify(this.#text(this.#duration, line))}`);
    }
    return parts.join(', ');
  }

  /** '' for a value that is missing. */
  #text(find: Variable, line: MappedLine): string {
    const text = toText(find(line)).trim();
    return this.#unset.includes(text) ? '' : text;
  }
}
