/**
 * Notices lines that give an id which another line gave shortly before. Lago bills only the first of them: when a
 * client can choose the id, it makes its own usage disappear.
 *
 * Bounded memory: per destination one table of hashes of (transaction id, subscription), 2 MB. In each bucket a new id
 * takes the place of the oldest. So "shortly before" are the last hundred thousand events or so.
 *
 *   bucket h1 mod buckets:   │ h1 │ h2 │ line │ … five times │ next place │      16 words of 32 bits: one line of a cache
 *
 * 64 bits tell ids apart, and the seeds are random: nobody can make ids that are taken for each other. `line` says
 * which line gave the id: the same line, read a second time, repeats nothing.
 *
 * Ids of a whole range are looked at together: some 50 ns per event with an id of 32 bytes, measured. One by one it
 * is 150, as nearly every place has to come from memory.
 */
import { getRandomValues } from 'node:crypto';
import type { ByteWriter } from '../bytes.ts';
import type { EventBuffer } from './event-buffer.ts';

const WORDS = 3;
const PLACES = 5;
/** Of the word that says which place is written next. */
const NEXT = WORDS * PLACES;
const BUCKET = NEXT + 1;
const BUCKETS = 2 ** 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `{"transaction_id":"` */
const BEFORE_ID = 19;
/** `","external_subscription_id":"` without its first quote */
const BETWEEN = 29;

const TWO_TO_32 = 2 ** 32;
const M1 = 0x9e3779b1;
const M2 = 0x85ebca6b;
const [SEED1 = 0, SEED2 = 0] = getRandomValues(new Int32Array(2));

class Table {
  readonly #words = new Int32Array(BUCKETS * BUCKET);

  /** Whether the id was there, given by another line; afterwards it is. */
  has(h1: number, h2: number, line: number): boolean {
    const words = this.#words;
    const bucket = bucketOf(h1);
    for (let at = bucket; at < bucket + NEXT; at += WORDS) {
      if (words[at] === h1 && words[at + 1] === h2) return words[at + 2] !== line;
    }
    const place = words[bucket + NEXT]!;
    words[bucket + NEXT] = (place + 1) % PLACES;
    const at = bucket + place * WORDS;
    words[at] = h1;
    words[at + 1] = h2;
    words[at + 2] = line;
    return false;
  }

  /** Has the buckets of many ids brought into the cache side by side. What it returns only keeps it from being left out. */
  fetch(hashes: Int32Array, count: number): number {
    const words = this.#words;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[bucketOf(hashes[2 * i]!)]!;
    return sum;
  }
}

const bucketOf = (h1: number): number => (h1 & (BUCKETS - 1)) * BUCKET;

const NONE: readonly number[] = [];

export class RepeatedIds {
  /** By destination number. */
  readonly #tables: (Table | undefined)[] = [];
  /** h1 and h2 of each event. */
  #hashes = new Int32Array(0);

  /**
   * Remembers the ids of events, and tells which of them another line gave before. Ids are compared as they are
   * written, which the mapper does in one way only.
   * @param seed Stands for the log: the same line of the same content gets the same number, wherever it is by now.
   * @returns indices of events
   */
  repeats(destination: number, events: EventBuffer, seed: number): readonly number[] {
    const { starts, lines } = events;
    const hashes = this.#hash(events.body, starts, events.idHashes);
    const table = (this.#tables[destination] ??= new Table());
    table.fetch(hashes, lines.length);
    let found: number[] | undefined;
    for (let i = 0; i < lines.length; i++) {
      const offset = lines[i]!;
      const line = seed ^ offset ^ Math.imul(offset / TWO_TO_32, M1);
      if (table.has(hashes[2 * i]!, hashes[2 * i + 1]!, line)) (found ??= []).push(i);
    }
    return found ?? NONE;
  }

  #hash({ view }: ByteWriter, starts: Uint32Array, idHashes: Int32Array): Int32Array {
    const events = starts.length - 1;
    if (this.#hashes.length < events * 2) this.#hashes = new Int32Array(events * 2);
    const hashes = this.#hashes;
    for (let i = 0; i < events; i++) {
      const end = starts[i + 1]!;
      let at = starts[i]! + BEFORE_ID;
      let h1 = SEED1;
      let h2 = SEED2;
      for (let id = 0; id < 2; id++) {
        // Four bytes at a time as long as none of them is a quote or a backslash.
        for (; at + 4 <= end; at += 4) {
          const four = view.getInt32(at, true);
          const quote = four ^ 0x22222222;
          const slash = four ^ 0x5c5c5c5c;
          if ((((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash)) & 0x80808080) break;
          h1 = Math.imul(h1 ^ four, M1);
          h2 = Math.imul(h2 ^ four, M2);
          h1 ^= h1 >>> 15;
          h2 ^= h2 >>> 13;
        }
        for (let escaped = false; at < end; at++) {
          const byte = view.getUint8(at);
          h1 = Math.imul(h1 ^ byte, M1);
          h2 = Math.imul(h2 ^ byte, M2);
          h1 ^= h1 >>> 15;
          h2 ^= h2 >>> 13;
          if (byte === QUOTE && !escaped) break;
          escaped = byte === BACKSLASH && !escaped;
        }
        if (id === 0) idHashes[i] = h1;
        at += 1 + BETWEEN;
      }
      hashes[2 * i] = h1;
      hashes[2 * i + 1] = h2;
    }
    return hashes;
  }
}

/** The transaction id of one event; only for the rare one that is told. */
export function transactionIdOf({ buffer }: ByteWriter, start: number, end: number): string {
  const event = JSON.parse(buffer.toString('utf8', start, end)) as { transaction_id: unknown };
  return String(event.transaction_id);
}
