/**
 * Notices lines that give an id which another line gave shortly before. Lago bills only the first of them: when a
 * client can choose the id, it makes its own usage disappear.
 *
 * Bounded memory: per destination one table of hashes of (transaction id, subscription), 2 MB, which the kernel looks at
 * (`src/kernel/assembly/ids.ts`). In each of its buckets a new id takes the place of the oldest. So "shortly before" are
 * the last hundred thousand events or so.
 *
 * 64 bits tell ids apart, and the seeds are random: nobody can make ids that are taken for each other. With each stands
 * the line that gave it: the same line, read a second time, repeats nothing.
 *
 * Ids of a whole range are looked at together: one by one, nearly every bucket has to come from memory.
 */
import { getRandomValues } from 'node:crypto';
import type { ByteWriter } from '../bytes.ts';
import type { Address } from '../kernel/kernel.ts';
import { taken, type KernelMemory } from '../kernel/memory.ts';
import { BUFFER_BYTES, EventBuffer, MOST_EVENTS } from './event-buffer.ts';

const BUCKETS = 2 ** 15;
const BUCKET_BYTES = 64;
const SEED_WORDS = 4;
/** The seeds stand before the buckets, and one word of the kernel's behind them. */
const TABLE_BYTES = BUCKET_BYTES + BUCKETS * BUCKET_BYTES + 4;
const SCRATCH_BYTES = MOST_EVENTS * 8;
/** Both ids stand in so many bytes of an event. */
const IDS_BYTES = 16 * 1024;

/** What they take in the kernel's memory. */
export const idsBytes = (destinations: number): number =>
  taken(SCRATCH_BYTES) + taken(BUFFER_BYTES) + destinations * taken(TABLE_BYTES);

const SEEDS = getRandomValues(new Int32Array(SEED_WORDS));

const NONE: readonly number[] = [];

/** Behind the index of an event: the number of the log that gave its id by the same line of the same content. */
const OTHER_SHIFT = 16;

/** What was found among the ids of some events. */
export interface IdFindings {
  /** Indices of events whose id another line gave before … */
  readonly repeats: readonly number[];
  /** … and, with the number of that log, of those whose id another log gave by an equal line at an equal place. */
  readonly twins: readonly (readonly [event: number, log: number])[];
  /** Events with a space at the beginning or the end of their subscription. */
  readonly padded: number;
  /** The first of them; means nothing when there is none. */
  readonly firstPadded: number;
}

export class RepeatedIds {
  readonly #memory: KernelMemory;
  #padded = 0;
  #firstPadded = 0;
  readonly #scratch: Address;
  /** By destination number. */
  readonly #tables: readonly Address[];
  /** For events that are not in the kernel's memory: holds the beginnings of some of them. */
  readonly #copy: EventBuffer;

  /** @param memory has room for `idsBytes`; what is never used of it takes none */
  constructor(memory: KernelMemory, destinations: number) {
    this.#memory = memory;
    this.#scratch = memory.block(SCRATCH_BYTES).address;
    this.#copy = new EventBuffer(memory.block(BUFFER_BYTES).buffer);
    this.#tables = Array.from({ length: destinations }, () => {
      const { address } = memory.block(TABLE_BYTES);
      memory.words.set(SEEDS, address / 4);
      return address;
    });
  }

  /**
   * Remembers the ids of events, and tells which of them another line gave before. Ids are compared as they are
   * written, which the mapper does in one way only.
   * @param seed Stands for the log: the same line of the same content gets the same number, wherever it is by now.
   * @param log Its path by number, 1 to 255; 0 when it is not to be told from others.
   */
  look(destination: number, events: EventBuffer, seed: number, log = 0): IdFindings {
    const table = this.#tables[destination]!;
    this.#padded = 0;
    const found =
      events.addressesIn(this.#memory) === undefined
        ? this.#inParts(table, events, seed, log)
        : this.#look(table, events, seed, log, 0);
    const { repeats, twins } = found.length === 0 ? NOTHING : sorted(found);
    return { repeats, twins, padded: this.#padded, firstPadded: this.#firstPadded };
  }

  /** @param first index of the first event */
  #look(table: Address, events: EventBuffer, seed: number, log: number, first: number): readonly number[] {
    const { body, starts, lines, idHashes } = events.addressesIn(this.#memory)!;
    const { kernel, words } = this.#memory;
    const { events: all } = events;
    const count = kernel.repeats(table, body, starts, lines, all, seed, log, idHashes, this.#scratch);
    const padded = kernel.padded();
    if (padded > 0 && this.#padded === 0) this.#firstPadded = first + kernel.firstPadded();
    this.#padded += padded;
    if (count === 0) return NONE;
    return [...words.subarray(this.#scratch / 4, this.#scratch / 4 + count)];
  }

  #inParts(table: Address, events: EventBuffer, seed: number, log: number): readonly number[] {
    const copy = this.#copy;
    const { body, starts, lines, idHashes } = events;
    const repeating: number[] = [];
    for (let first = 0; first < lines.length; first += copy.events) {
      copy.clear();
      for (let event = first; event < lines.length && copy.hasRoom(IDS_BYTES); event++) {
        const start = starts[event]!;
        copy.next().copy(body.buffer, start, Math.min(starts[event + 1]! - 1, start + IDS_BYTES));
        copy.add(lines[event]!);
      }
      for (const event of this.#look(table, copy, seed, log, first)) repeating.push(first + event);
      idHashes.set(copy.idHashes, first);
    }
    return repeating;
  }
}

const NOTHING = { repeats: NONE, twins: [] } as const;

function sorted(found: readonly number[]): Pick<IdFindings, 'repeats' | 'twins'> {
  const repeats = found.filter((event) => event >> OTHER_SHIFT === 0);
  const twins = found
    .filter((event) => event >> OTHER_SHIFT !== 0)
    .map((event) => [event & ((1 << OTHER_SHIFT) - 1), event >> OTHER_SHIFT] as const);
  return { repeats, twins };
}

/** The transaction id of one event; only for the rare one that is told. */
export function transactionIdOf({ buffer }: ByteWriter, start: number, end: number): string {
  const event = JSON.parse(buffer.toString('utf8', start, end)) as { transaction_id: unknown };
  return String(event.transaction_id);
}

/** Its subscription. */
export function subscriptionOf({ buffer }: ByteWriter, start: number, end: number): string {
  const event = JSON.parse(buffer.toString('utf8', start, end)) as { external_subscription_id: unknown };
  return String(event.external_subscription_id);
}
