/**
 * Whether a success is Lago's: a JSON object with `events` (of a single event also `event`) that repeats every event's
 * transaction id, in the order in which they were sent. Reads the body piece by piece and keeps nothing of it but the
 * end of a piece in which an id may begin.
 *
 * What stands between the ids is Lago's own business: keys, their order, white space, escapes. So ids are compared as
 * bytes first, and as text where these differ. Lago repeats events of different lengths with about the same
 * addition. So once it is known, the last id of a piece is looked for where it stands if all events before it are
 * there: what it takes to look at each one would be felt (4% of all CPU time). Where it is not, as additions differ,
 * the ids are looked for one by one, each where it should be first.
 */
import { viewOf } from '../bytes.ts';
import type { Batch } from './batch.ts';
import { beginOfEvents } from './json-begin.ts';

const KEY = Buffer.from('"transaction_id"');
const KEY_WORDS = [0, 4, 8, 12].map((at) => KEY.readInt32LE(at));
/** Where the id begins in an event as we send it: `{"transaction_id":"`. */
const SENT_AT = '{"transaction_id":"'.length;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const NOTHING = Buffer.alloc(0);
/** Events that are looked at one by one before others are passed over: they tell the addition. */
const LEAST_WALKED = 2;

/** For each pair of neighbouring bytes of the key where it stands in it, 255 for all others. */
const PLACES = new Uint8Array(65_536).fill(255);
for (let at = 0; at < KEY.length - 1; at++) PLACES[KEY.readUInt16LE(at)] = at;
/** Every KEY.length - 1 bytes a pair of it must be met. */
const STRIDE = KEY.length - 1;

/** What an id's text can grow by when it is escaped, and room for the colon and white space. */
const ESCAPED = 6;
const SPARE = 256;

export class EchoCheck {
  readonly #batch: Batch;
  readonly #sent: Buffer;
  readonly #sentView: DataView;
  /** Events of the batch that were found. */
  #found = 0;
  /** Where the events begin has been found. */
  #begun = false;
  #failed = false;
  #held: Buffer = NOTHING;
  /** Bytes that Lago added to the last event, as far as is known. */
  #added = 0;
  /** Whether the piece begins right behind an id that was found. */
  #last = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#sent = batch.delivery.loaded.body;
    this.#sentView = viewOf(this.#sent);
  }

  take(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#last = lastByte(piece) ?? this.#last;
    if (this.#failed || this.#found === this.#batch.events.length) return;
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = NOTHING;
    let at = 0;
    if (!this.#begun) {
      const begin = beginOfEvents(bytes, this.#batch.events.length === 1);
      if (begin === undefined) {
        this.#held = bytes;
        return;
      }
      if (begin < 0) {
        this.#failed = true;
        return;
      }
      this.#begun = true;
      at = begin;
    }
    at = this.#findFrom(bytes, at);
    if (this.#found < this.#batch.events.length) this.#held = bytes.subarray(at);
  }

  /** Whether the body that has ended is Lago's answer to the batch. */
  get isConfirmed(): boolean {
    return !this.#failed && this.#found === this.#batch.events.length && this.#last === 0x7d;
  }

  /** @returns from where on it is to be looked for the next one, when there are more bytes */
  #findFrom(bytes: Buffer, from: number): number {
    const { events, delivery } = this.#batch;
    const { starts } = delivery.loaded;
    const view = viewOf(bytes);
    /** The key of the event before. */
    let before = -1;
    let at = from;
    let leaps = true;
    while (this.#found < events.length) {
      if (before >= 0 && leaps && this.#found >= LEAST_WALKED) {
        const leap = this.#leap(view, before);
        if (leap >= 0) {
          before = leap;
          at = leap + KEY.length;
          continue;
        }
        leaps = false;
      }
      const event = events[this.#found]!;
      const id = starts[event]! + SENT_AT;
      if (before >= 0) {
        const previous = events[this.#found - 1]!;
        const guess = before + starts[previous + 1]! - starts[previous]! + this.#added;
        if (isKeyAt(view, guess) && this.#isSentAt(view, guess + KEY.length, id)) {
          this.#found++;
          before = guess;
          at = guess + KEY.length;
          continue;
        }
      }
      const key = nextKey(view, at);
      if (key < 0) return Math.max(at, bytes.length - KEY.length + 1);
      const isId =
        this.#isSentAt(view, key + KEY.length, id) || this.#isValue(bytes, key + KEY.length, event);
      if (isId === undefined) return key;
      if (isId) {
        if (before >= 0) {
          const previous = events[this.#found - 1]!;
          this.#added = key - before - (starts[previous + 1]! - starts[previous]!);
        }
        this.#found++;
        before = key;
      }
      at = key + KEY.length;
    }
    return at;
  }

  /**
   * Passes over all events that are whole in the piece, when the last of them stands where it must if each has the same
   * addition as the one before. @returns its key, or -1 when it is not there, or none is left to pass over
   */
  #leap(view: DataView, before: number): number {
    const { events, delivery } = this.#batch;
    const { starts } = delivery.loaded;
    const found = this.#found;
    const first = events[found - 1]!;
    const last = events.length - 1;
    // Of a batch with gaps the distances are not those in the chunk.
    if (events[last]! - first !== last - found + 1) return -1;
    const base = before - starts[first]! - (found - 1) * this.#added;
    const keyOf = (place: number): number => base + starts[events[place]!]! + place * this.#added;
    const isIn = (place: number): boolean => {
      const event = events[place]!;
      return keyOf(place) + starts[event + 1]! - starts[event]! <= view.byteLength;
    };
    let low = isIn(last) ? last : found;
    for (let high = last; low < high;) {
      const middle = (low + high + 1) >>> 1;
      if (isIn(middle)) low = middle;
      else high = middle - 1;
    }
    if (low <= found) return -1;
    const key = keyOf(low);
    if (!isKeyAt(view, key) || !this.#isSentAt(view, key + KEY.length, starts[events[low]!]! + SENT_AT)) {
      return -1;
    }
    this.#found = low + 1;
    return key;
  }

  /** Whether `:"…"` stands at `at`, with the very bytes of the id that begins at `id` of what was sent. */
  #isSentAt(view: DataView, at: number, id: number): boolean {
    if (at + 2 > view.byteLength || view.getUint8(at) !== COLON || view.getUint8(at + 1) !== QUOTE)
      return false;
    const sent = this.#sentView;
    let one = at + 2;
    let other = id;
    const end = Math.min(view.byteLength - one, sent.byteLength - other) + one;
    for (; one + 4 <= end; one += 4, other += 4) {
      const four = sent.getInt32(other, true);
      if (four !== view.getInt32(one, true)) break;
      const quote = four ^ 0x22222222;
      const slash = four ^ 0x5c5c5c5c;
      if ((((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash)) & 0x80808080) break;
    }
    for (; one < end; one++, other++) {
      const byte = sent.getUint8(other);
      if (byte !== view.getUint8(one)) return false;
      if (byte === QUOTE) return true;
      // Escapes are compared as text.
      if (byte === BACKSLASH) return false;
    }
    return false;
  }

  /** Whether the value behind a key is the event's id; undefined when it is cut off. */
  #isValue(bytes: Buffer, from: number, event: number): boolean | undefined {
    const { starts } = this.#batch.delivery.loaded;
    let at = afterSpace(bytes, from);
    if (at < bytes.length && bytes[at] !== COLON) return false;
    at = afterSpace(bytes, at + 1);
    const id = starts[event]! + SENT_AT;
    const idEnd = endOfString(this.#sent, id, starts[event + 1]!);
    const isString = bytes[at] === QUOTE;
    const end = isString ? endOfString(bytes, at + 1, bytes.length) : endOfBare(bytes, at);
    if (end >= bytes.length) {
      // One that is far longer than ours is another one.
      return bytes.length - from > (idEnd - id) * ESCAPED + SPARE ? false : undefined;
    }
    const sent = textOf(this.#sent.toString('utf8', id - 1, idEnd + 1));
    return (
      sent === (isString ? textOf(bytes.toString('utf8', at, end + 1)) : bytes.toString('utf8', at, end))
    );
  }
}

function isKeyAt(view: DataView, at: number): boolean {
  if (at < 0 || at + KEY.length > view.byteLength) return false;
  return (
    view.getInt32(at, true) === KEY_WORDS[0] &&
    view.getInt32(at + 4, true) === KEY_WORDS[1] &&
    view.getInt32(at + 8, true) === KEY_WORDS[2] &&
    view.getInt32(at + 12, true) === KEY_WORDS[3]
  );
}

/** Where the next key begins, -1 when there is none that is whole. */
function nextKey(view: DataView, from: number): number {
  const last = view.byteLength - 2;
  for (let at = from + STRIDE - 1; at <= last; at += STRIDE) {
    const place = PLACES[view.getUint16(at, true)]!;
    if (place !== 255 && at - place >= from && isKeyAt(view, at - place)) return at - place;
  }
  return -1;
}

/** The quote that ends the string whose text begins at `from`, or `end`. */
function endOfString(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at, end);
}

/** Behind a number or word. */
function endOfBare(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !isSpace(bytes[at]!) && bytes[at] !== 0x2c && bytes[at] !== 0x7d) at++;
  return at;
}

function afterSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at]!)) at++;
  return at;
}

function textOf(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

/** The last that is no white space. */
function lastByte(bytes: Buffer): number | undefined {
  let at = bytes.length - 1;
  while (at >= 0 && isSpace(bytes[at]!)) at--;
  return bytes[at];
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
