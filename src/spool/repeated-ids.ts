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

export class RepeatedIds {
  readonly #memory: KernelMemory;
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
   * @returns indices of events
   */
  repeats(destination: number, events: EventBuffer, seed: number): readonly number[] {
    const table = this.#tables[destination]!;
    return events.addressesIn(this.#memory) === undefined
      ? this.#inParts(table, events, seed)
      : this.#look(table, events, seed);
  }

  #look(table: Address, events: EventBuffer, seed: number): readonly number[] {
    const { body, starts, lines, idHashes } = events.addressesIn(this.#memory)!;
    const { kernel, words } = this.#memory;
    const count = kernel.repeats(table, body, starts, lines, events.events, seed, idHashes, this.#scratch);
    if (count === 0) return NONE;
    return [...words.subarray(this.#scratch / 4, this.#scratch / 4 + count)];
  }

  #inParts(table: Address, events: EventBuffer, seed: number): readonly number[] {
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
      for (const event of this.#look(table, copy, seed)) repeating.push(first + event);
      idHashes.set(copy.idHashes, first);
    }
    return repeating;
  }
}

/** The transaction id of one event; only for the rare one that is told. */
export function transactionIdOf({ buffer }: ByteWriter, start: number, end: number): string {
  const event = JSON.parse(buffer.toString('utf8', start, end)) as { transaction_id: unknown };
  return String(event.transaction_id);
}
