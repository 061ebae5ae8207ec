/**
 * Tells which events of a chunk share a transaction id, without making a string of each: Lago rejects a batch with
 * two equal ids as a whole. Ids are compared as text, so `"a\/b"` and `"a/b"` are the same one.
 */
import type { LoadedChunk } from '../types.ts';

const PREFIX = Buffer.from('{"transaction_id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** FNV-1a. */
const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

function startsWithId(body: Buffer, from: number, to: number): boolean {
  if (to - from < PREFIX.length) return false;
  for (let i = 0; i < PREFIX.length; i++) if (body[from + i] !== PREFIX[i]) return false;
  return true;
}

/** The ids of one chunk: a hash of each, and where it stands. */
export class TransactionIds {
  readonly hashes: Uint32Array;
  readonly #body: Buffer;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  /** Ids with escapes, by event, as they read. Rare. */
  readonly #unescaped = new Map<number, Buffer>();

  constructor(chunk: LoadedChunk) {
    const { body, starts } = chunk;
    const events = starts.length - 1;
    this.#body = body;
    this.#starts = new Uint32Array(events);
    this.#ends = new Uint32Array(events);
    this.hashes = new Uint32Array(events);
    for (let event = 0; event < events; event++) this.#read(event, starts[event]!, starts[event + 1]! - 1);
  }

  same(a: number, b: number): boolean {
    const first = this.#unescaped.get(a);
    const second = this.#unescaped.get(b);
    if (first !== undefined || second !== undefined) return this.#bytes(a).equals(this.#bytes(b));
    return (
      this.#body.compare(this.#body, this.#starts[a], this.#ends[a], this.#starts[b], this.#ends[b]) === 0
    );
  }

  #bytes(event: number): Buffer {
    return this.#unescaped.get(event) ?? this.#body.subarray(this.#starts[event], this.#ends[event]);
  }

  #read(event: number, from: number, to: number): void {
    const body = this.#body;
    // An event without the prefix is a bug of the mapper; as its own id it still travels.
    const hasId = startsWithId(body, from, to);
    const start = hasId ? from + PREFIX.length : from;
    let end = start;
    let hash = HASH_START;
    let escaped = false;
    for (; end < to; end++) {
      const byte = body[end]!;
      if (hasId && byte === QUOTE) break;
      if (hasId && byte === BACKSLASH) {
        escaped = true;
        end++;
      }
      hash = Math.imul(hash ^ byte, HASH_FACTOR);
    }
    this.#starts[event] = start;
    this.#ends[event] = Math.min(end, to);
    if (escaped) hash = this.#unescape(event);
    this.hashes[event] = hash ^ (hash >>> 15);
  }

  #unescape(event: number): number {
    const literal = this.#body.toString('utf8', this.#starts[event], this.#ends[event]);
    let text: string;
    try {
      text = JSON.parse(`"${literal}"`) as string;
    } catch {
      text = literal;
    }
    const id = Buffer.from(text);
    this.#unescaped.set(event, id);
    let hash = HASH_START;
    for (const byte of id) hash = Math.imul(hash ^ byte, HASH_FACTOR);
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

  /** @returns false when an event with the same id is in the set already */
  add(event: number): boolean {
    const ids = this.#ids!;
    const hash = ids.hashes[event]!;
    let slot = hash & this.#mask;
    while (this.#rounds[slot] === this.#round) {
      const other = this.#events[slot]!;
      if (ids.hashes[other] === hash && ids.same(other, event)) return false;
      slot = (slot + 1) & this.#mask;
    }
    this.#rounds[slot] = this.#round;
    this.#events[slot] = event;
    return true;
  }
}
