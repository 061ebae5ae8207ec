/** Asks a filter about one variable: may a line with such a value fit, whatever else the line has? */
import { compileFilterFor } from './filter.ts';
import type { Predicate } from './filter.ts';
import { presetOf } from './presets.ts';
import type { Value } from './values.ts';

/** A line of which nothing is known but that value; each other condition holds or not, by a bit. */
interface Guess {
  readonly value: Value;
  readonly others: number;
}

/** More other conditions than this share their bits. */
const MOST_BITS = 10;

export class FilterQuestion {
  /** The filter has a condition on the variable. */
  readonly concerns: boolean;
  readonly #fits: Predicate<Guess>;
  readonly #guesses: number;

  /** @param filter one that `checkRules` accepts @param isMeant tells the variable by its name */
  constructor(filter: readonly unknown[], isMeant: (name: string) => boolean) {
    let others = 0;
    let concerns = false;
    this.#fits = compileFilterFor<Guess>(
      filter,
      '',
      presetOf('json'),
      () => {},
      ({ name, comparison }) => {
        if (!isMeant(name)) {
          const bit = 1 << (others++ % MOST_BITS);
          return (guess) => (guess.others & bit) !== 0;
        }
        concerns = true;
        return ({ value }) => comparison(value);
      },
    );
    this.concerns = concerns;
    this.#guesses = 1 << Math.min(others, MOST_BITS);
  }

  mayFit(value: Value): boolean {
    for (let others = 0; others < this.#guesses; others++) if (this.#fits({ value, others })) return true;
    return false;
  }
}
