/** Maps the same lines by the fast and by the plain mapper. */
import { compileMapper, compilePlainMapper } from '../../../src/map/compile.ts';
import type { MapperOptions } from '../../../src/map/compile.ts';
import { NO_LIMITS, type TimeLimits } from '../../../src/time-limits.ts';
import type { LineMapper } from '../../../src/types.ts';
import { mapLine } from '../harness.ts';
import type { Mapped } from '../harness.ts';

/** What became of a line, and what was counted. */
export interface Counted extends Mapped {
  repairs: Record<string, number>;
}

/** One line by both mappers: `fast` and `plain` have to be equal. */
export interface Both {
  fast: Counted;
  plain: Counted;
  /** The path that the fast mapper took: `skeleton`, `scan`, `parse`. */
  path: string;
}

export class Twins {
  readonly fast: LineMapper;
  readonly #plain: LineMapper;

  constructor(options: MapperOptions) {
    this.fast = compileMapper(options);
    this.#plain = compilePlainMapper(options);
  }

  map(line: string | Buffer, offset = 0, limits = NO_LIMITS): Both {
    const before = { ...this.fast.paths };
    const fast = count(this.fast, line, offset, limits);
    const taken = Object.entries(growth(this.fast.paths, before)).filter(([, by]) => by !== 0);
    const path = taken.map(([name, by]) => (by === 1 ? name : `${name} by ${by}`)).join(' and ');
    return { fast, plain: count(this.#plain, line, offset, limits), path };
  }
}

function count(mapper: LineMapper, line: string | Buffer, offset: number, limits: TimeLimits): Counted {
  const before = { ...mapper.repairs };
  const mapped = mapLine(mapper, line, offset, limits);
  return { ...mapped, repairs: growth(mapper.repairs, before) };
}

function growth<Counts extends Record<keyof Counts, number>>(
  after: Counts,
  before: Counts,
): Record<string, number> {
  return Object.fromEntries(
    Object.keys(after).map((key) => [key, after[key as keyof Counts] - before[key as keyof Counts]]),
  );
}
