/** Variables on a scanned line: the same places, in the same order, as `map/variable.ts` looks at. */
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { Preset } from '../presets.ts';
import { headerOf } from '../request.ts';
import type { Value } from '../values.ts';
import { variableSteps } from '../variable.ts';
import type { Step } from '../variable.ts';
import type { FastLine } from './line.ts';
import { CONTAINER, NULL, ODD } from '../../kernel/kinds.ts';
import type { WantedFields } from './wanted.ts';

/** The line does not have the variable. */
export const MISSING = -1;
/** It may have it, but not as it stands in one place: only `value` can tell. */
export const DERIVED = -2;

interface Place {
  /** The slot of the value; or -1 when it has to be derived. */
  readonly slot: number;
  /** Of a header: the slot of an object of headers under its whole path as one key, which would come first; else -1. */
  readonly headers: number;
  readonly header: string;
  readonly from: FastVariable | undefined;
  readonly derive: (value: Value) => Value;
  readonly textOnly: boolean;
}

const PLAIN = { headers: -1, header: '', from: undefined, derive: (value: Value) => value, textOnly: false };

export class FastVariable {
  readonly #places: readonly Place[];

  /** Any variable but `log_id`. */
  static named(name: string, preset: Preset, wanted: WantedFields): FastVariable {
    return new FastVariable(variableSteps(name, preset), wanted);
  }

  private constructor(steps: readonly Step[], wanted: WantedFields) {
    this.#places = steps.flatMap((step): Place[] => {
      if ('path' in step) return wanted.path(step.path).map((slot) => ({ ...PLAIN, slot }));
      if ('header' in step) {
        const [headers] = wanted.path(step.of);
        const slot = wanted.header(step.of, step.header);
        return [{ ...PLAIN, slot, headers: headers!, header: step.header }];
      }
      const { derive, textOnly } = step;
      return [{ ...PLAIN, slot: -1, from: new FastVariable(step.from, wanted), derive, textOnly }];
    });
  }

  /** Writes its places for the kernel, which finds the slot in the same way. @throws OutOfMemoryError */
  writeTo(memory: KernelMemory): Address {
    return memory.putWords([
      this.#places.length,
      ...this.#places.flatMap(({ slot, headers }) => [slot, headers]),
    ]);
  }

  /** The slot whose value is that of the variable; or MISSING; or DERIVED. */
  find(line: FastLine): number {
    const { kinds } = line;
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      const { slot, headers } = places[i]!;
      if (slot < 0) return DERIVED;
      const kind = kinds[slot]!;
      // A header with several values is a list.
      if (headers >= 0 && (kind === CONTAINER || kinds[headers]! > NULL)) return DERIVED;
      if (kind > NULL) return slot;
    }
    return MISSING;
  }

  /** What the plain mapper would find. */
  value(line: FastLine): Value {
    for (const place of this.#places) {
      const value = valueAt(place, line);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The same, but it need not be found when it is no text. */
  text(line: FastLine): Value {
    const slot = this.find(line);
    if (slot === DERIVED) return this.value(line);
    return slot === MISSING || line.kinds[slot]! > ODD ? undefined : line.decode(slot);
  }
}

function valueAt({ slot, headers, header, from, derive, textOnly }: Place, line: FastLine): Value {
  if (from !== undefined) return derive(textOnly ? from.text(line) : from.value(line));
  if (headers < 0) return line.decode(slot);
  if (line.kinds[headers]! > NULL) return headerOf(line.decode(headers), header);
  const value = line.decode(slot);
  return value === undefined ? undefined : headerOf({ [header]: value }, header);
}
