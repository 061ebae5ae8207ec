/** What the ids of a range tell: which lines repeat one that was given shortly before, and which subscriptions are padded. */
import type { OpenRange } from './open-range.ts';
import { subscriptionOf, transactionIdOf, type RepeatedIds } from './repeated-ids.ts';

export interface RepeatingLine {
  readonly offset: number;
  readonly transactionId: string;
}

/** An equal line at an equal place of another log gave the id: both logs begin alike. */
export interface SharedLine extends RepeatingLine {
  /** The followed path of the other log. */
  readonly otherPath: string;
}

/** Events whose subscription begins or ends with a space. */
export interface PaddedEvents {
  readonly events: number;
  /** Of the first. */
  readonly offset: number;
  readonly subscription: string;
}

export interface RangeIds {
  readonly repeating: readonly RepeatingLine[];
  readonly shared: readonly SharedLine[];
  readonly padded: PaddedEvents | undefined;
}

/** More logs than this are not told from each other. */
const MOST_LOGS = 255;

export class IdWatch {
  readonly #ids: RepeatedIds;
  readonly #followed: (source: string, path: string) => string;
  readonly #numbers = new Map<string, number>();
  readonly #paths: string[] = [''];

  /** @param followed the path of the log that a file of a source belongs to */
  constructor(ids: RepeatedIds, followed: (source: string, path: string) => string) {
    this.#ids = ids;
    this.#followed = followed;
  }

  /** To be called once per range, when it is complete: its ids are remembered. Each line comes once, in their order. */
  look({ source, generation, parts }: OpenRange): RangeIds {
    // The same line of the same content has the same number, wherever the file is by now.
    const seed = Number.parseInt(generation.fingerprint.slice(0, 8), 16);
    const log = this.#numberOf(this.#followed(source, generation.path));
    const repeating = new Map<number, string>();
    const shared = new Map<number, SharedLine>();
    let padded: PaddedEvents | undefined;
    for (const [destination, part] of parts.entries()) {
      if (part === undefined) continue;
      const { body, starts, lines } = part;
      const found = this.#ids.look(destination, part, seed, log);
      const idOf = (event: number): string => transactionIdOf(body, starts[event]!, starts[event + 1]!);
      for (const event of found.repeats) repeating.set(lines[event]!, idOf(event));
      for (const [event, other] of found.twins) {
        const offset = lines[event]!;
        shared.set(offset, { offset, transactionId: idOf(event), otherPath: this.#paths[other]! });
      }
      if (found.padded === 0) continue;
      const { firstPadded: first } = found;
      padded = {
        events: found.padded + (padded?.events ?? 0),
        offset: padded?.offset ?? lines[first]!,
        subscription: padded?.subscription ?? subscriptionOf(body, starts[first]!, starts[first + 1]!),
      };
    }
    const inOrder = Array.from(repeating, ([offset, transactionId]) => ({ offset, transactionId }));
    return {
      repeating: inOrder.toSorted((a, b) => a.offset - b.offset),
      shared: [...shared.values()],
      padded,
    };
  }

  #numberOf(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;
    if (this.#paths.length > MOST_LOGS) return 0;
    this.#numbers.set(path, this.#paths.length);
    return this.#paths.push(path) - 1;
  }
}
