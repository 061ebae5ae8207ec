/**
 * Tells which events of a chunk share a transaction id, without making a string of each: Lago rejects a batch with
 * two equal ids as a whole. Ids are compared as text, so `"a\/b"` and `"a/b"` are the same one.
 */
import { viewOf } from '../bytes.ts';
import type { LoadedChunk } from '../types.ts';

const PREFIX = Buffer.from('{"transaction_id":"');
/** Where to look for its words of four bytes; the last one overlaps. */
const WORDS_AT = [0, 4, 8, 12, PREFIX.length - 4];
const WORDS = WORDS_AT.map((at) => PREFIX.readInt32LE(at));
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const HASH_START = 0x811c9dc5;

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function startsWithId(view: DataView, from: number, to: number): boolean {
  if (to - from < PREFIX.length) return false;
  for (let i = 0; i < WORDS.length; i++) {
    if (view.getInt32(from + WORDS_AT[i]!, true) !== WORDS[i]) return false;
  }
  return true;
}

/** The ids of one chunk, by their hashes. */
export class TransactionIds {
  readonly hashes: Int32Array;
  readonly #body: Buffer;
  readonly #starts: Uint32Array;
  /** By event: ids that do not stand in the body as they read. Rare. */
  readonly #odd = new Map<number, Buffer>();

  constructor({ body, starts, idHashes }: LoadedChunk) {
    const events = starts.length - 1;
    this.#body = body;
    this.#starts = starts;
    this.hashes = idHashes ?? new Int32Array(events);
    if (idHashes !== undefined) return;
    const view = viewOf(body);
    for (let event = 0; event < events; event++) {
      this.hashes[event] = this.#hash(view, event, starts[event]!, starts[event + 1]! - 1);
    }
  }

  same(a: number, b: number): boolean {
    return this.#id(a).equals(this.#id(b));
  }

  /** An id with a quote in it may be cut off there: two ids that are taken for the same only come in two batches. */
  #id(event: number): Buffer {
    const odd = this.#odd.get(event);
    if (odd !== undefined) return odd;
    const start = this.#starts[event]! + PREFIX.length;
    return this.#body.subarray(start, this.#body.indexOf(QUOTE, start));
  }

  #hash(view: DataView, event: number, from: number, to: number): number {
    // An event without the prefix is a bug of the mapper; as its own id it still travels.
    if (!startsWithId(view, from, to)) return this.#hashOdd(event, this.#body.subarray(from, to));
    let hash = HASH_START;
    let at = from + PREFIX.length;
    // Four bytes at a time as long as none of them is a quote or a backslash.
    for (; at + 4 <= to; at += 4) {
      const four = view.getInt32(at, true);
      const quote = four ^ 0x22222222;
      const slash = four ^ 0x5c5c5c5c;
      if ((((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash)) & 0x80808080) break;
      hash = mix(hash, four);
    }
    for (; at < to; at++) {
      const byte = view.getUint8(at);
      if (byte === QUOTE) return hash;
      if (byte === BACKSLASH) break;
      hash = mix(hash, byte);
    }
    return this.#hashOdd(event, this.#unescape(from + PREFIX.length, to));
  }

  /** The text of the string that begins at `from`, as far as it goes. */
  #unescape(from: number, to: number): Buffer {
    let end = from;
    while (end < to && this.#body[end] !== QUOTE) end += this.#body[end] === BACKSLASH ? 2 : 1;
    const literal = this.#body.toString('utf8', from, Math.min(end, to));
    try {
      return Buffer.from(JSON.parse(`"${literal}"`) as string);
    } catch {
      return Buffer.from(literal);
    }
  }

  /** The same hash as if the id stood in the body. */
  #hashOdd(event: number, id: Buffer): number {
    this.#odd.set(event, id);
    let hash = HASH_START;
    let at = 0;
    for (; at + 4 <= id.length; at += 4) hash = mix(hash, id.readInt32LE(at));
    for (; at < id.length; at++) hash = mix(hash, id[at]!);
    return hash;
  }
}

/** The set of ids in the batch that is being put together: open addressing, reused for every batch. */
export class BatchIds {
  readonly #events: Int32Array;
  readonly #rounds: Uint32Array;
  readonly #mask: number;
  #round = 0;
  #ids: TransactionIds | undefined;

  /** @param most events of a batch */
  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(most * 2 + 1));
    this.#events = new Int32Array(size);
    this.#rounds = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** Empties the set; from now on it is about events of this chunk. */
  begin(ids: TransactionIds): void {
    this.#ids = ids;
    this.#round = (this.#round + 1) >>> 0;
    if (this.#round !== 0) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  /** Adds events from `first` on, up to `end`. @returns where it stopped: at one whose id is in the set already, or `end` */
  add(first: number, end: number): number {
    const ids = this.#ids!;
    const { hashes } = ids;
    const events = this.#events;
    const rounds = this.#rounds;
    const round = this.#round;
    const mask = this.#mask;
    for (let event = first; event < end; event++) {
      const hash = hashes[event]!;
      let slot = hash & mask;
      while (rounds[slot] === round) {
        const other = events[slot]!;
        if (hashes[other] === hash && ids.same(other, event)) return event;
        slot = (slot + 1) & mask;
      }
      rounds[slot] = round;
      events[slot] = event;
    }
    return end;
  }
}
