/**
 * Events: text that is the same for all lines, and holes between it, each filled from the line.
 *
 *   {"transaction_id":" hole ","external_subscription_id":" hole ","code":"c","timestamp": hole ,"properties":{ … }}
 *
 *   record   holes  bytes of all texts  address of the ids  –   then for each text and the hole behind it:
 *   hole     text: address, length   places   flags   fallback: address, length, blank   filled: address, length, blank
 *   places   number, then for each: slot, slot of the headers or −1        where the value may stand, first choice first
 *   id       first hole   one more than the last   bytes that the text between them leaves for them     (two of them)
 *
 * A hole is filled with the place of its bytes, in the line or elsewhere; nothing is copied until all of them are.
 */
import { copy, BACKSLASH, QUOTE } from './bytes';
import { endOf, kindOf, startOf } from './slots';
import { CONTAINER, COPYABLE, NULL, NUMBER, ODD } from './slots';

const HOLE_BYTES: i32 = 48;
const HEADER_BYTES: i32 = 16;

/** Flags: the value of a property takes its quotes along; '' and '-' may stand for nothing. */
const PROPERTY: i32 = 1;
const EMPTY_IS_NOTHING: i32 = 2;
const DASH_IS_NOTHING: i32 = 4;
/** Not every text may stand in an id. */
const ID: i32 = 8;

export const MISSING: i32 = -1;
const DERIVED: i32 = -2;
/** A number of so few bytes without an exponent is in the range of a double. */
const FINITE_BYTES: i32 = 300;
const DASH: u8 = 0x2d;

/**
 * Fills the holes from `first` on, of the line that was read last; returns the bytes of the event. Or −1 − i when hole i
 * takes more than can be done here: when it has been filled, go on behind it. With all holes filled that means: an id is
 * perhaps empty or too long.
 */
export function fill(event: usize, first: i32): i32 {
  const count = load<i32>(event);
  let bytes = load<i32>(event, 4);
  let hole = event + HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (i >= first && load<u32>(hole, 8) != 0 && !fillHole(hole)) return -1 - i;
    bytes += load<i32>(hole, 32);
    hole += HOLE_BYTES;
  }
  return hasIds(event) ? bytes : -1 - count;
}

/** Writes the event whose holes are filled. */
export function write(event: usize, to: usize): void {
  let hole = event + HEADER_BYTES;
  let p = to;
  for (let left = load<i32>(event); left > 0; left--) {
    p = copy(load<u32>(hole), load<i32>(hole, 4), p);
    p = copy(load<u32>(hole, 28), load<i32>(hole, 32), p);
    hole += HOLE_BYTES;
  }
  copy(load<u32>(hole), load<i32>(hole, 4), p);
}

function fillHole(hole: usize): bool {
  const slot = find(load<u32>(hole, 8));
  if (slot < 0) return slot == MISSING && fillFallback(hole);
  const kind = kindOf(slot);
  const start = startOf(slot);
  const length = i32(endOf(slot) - start);
  const flags = load<i32>(hole, 12);
  if (kind <= COPYABLE) {
    if (length == 0 && (flags & EMPTY_IS_NOTHING) != 0) return fillFallback(hole);
    const byte = load<u8>(start);
    if (length == 1 && byte == DASH && (flags & DASH_IS_NOTHING) != 0) return fillFallback(hole);
    if ((flags & ID) != 0 && !isFitForId(start, length, kind)) return false;
    const blank = length == 0 || byte <= 0x20 || byte >= 0x7f || byte == BACKSLASH;
    const quotes = flags & PROPERTY;
    setFilled(hole, start - quotes, length + 2 * quotes, blank);
    return true;
  }
  if (kind == ODD || kind == CONTAINER) return false;
  if (kind == NUMBER && (flags & PROPERTY) != 0 && !isPlainNumber(start, length)) return false;
  setFilled(hole, start, length, false);
  return true;
}

/** The slot whose value is that of the variable; or MISSING; or DERIVED, when it has to be made of others. */
export function find(places: usize): i32 {
  let place = places + 4;
  for (let left = load<i32>(places); left > 0; left--) {
    const slot = load<i32>(place);
    if (slot < 0) return DERIVED;
    const headers = load<i32>(place, 4);
    const kind = kindOf(slot);
    // A header with several values is a list.
    if (headers >= 0 && (kind == CONTAINER || kindOf(headers) > NULL)) return DERIVED;
    if (kind > NULL) return slot;
    place += 8;
  }
  return MISSING;
}

function fillFallback(hole: usize): bool {
  setFilled(hole, load<u32>(hole, 16), load<i32>(hole, 20), load<i32>(hole, 24) != 0);
  return true;
}

function setFilled(hole: usize, at: usize, length: i32, blank: bool): void {
  store<u32>(hole, at, 28);
  store<i32>(hole, length, 32);
  store<i32>(hole, blank ? 1 : 0, 36);
}

/** As `src/map/id-text.ts`: no control character and no U+FFFD, as they stand or escaped. */
function isFitForId(start: usize, length: i32, kind: u8): bool {
  const end = start + length;
  if (kind == COPYABLE) return isFitText(start, end);
  // Of ASCII as it stands, DEL is the only one.
  for (let p = start; p < end; p += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x7f)));
    if (found != 0 && p + ctz(found) < end) return false;
  }
  return true;
}

function isFitText(start: usize, end: usize): bool {
  for (let p = start; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == BACKSLASH) {
      const escaped = load<u8>(++p);
      if (escaped != QUOTE && escaped != BACKSLASH) return false;
    } else if (byte == 0x7f) return false;
    else if (byte == 0xc2 && load<u8>(p, 1) < 0xa0) return false;
    else if (byte == 0xef && load<u8>(p, 1) == 0xbf && load<u8>(p, 2) == 0xbd) return false;
  }
  return true;
}

/** Without an exponent, and in the range of a double. */
function isPlainNumber(start: usize, length: i32): bool {
  if (length > FINITE_BYTES) return false;
  for (let i = 0; i < length; i++) if ((load<u8>(start + i) | 0x20) == 0x65) return false;
  return true;
}

/** False when an id is perhaps empty or too long. */
function hasIds(event: usize): bool {
  let id: usize = load<u32>(event, 8);
  for (let n = 0; n < 2; n++) {
    let bytes = 0;
    let blank = true;
    const end = load<i32>(id, 4);
    for (let i = load<i32>(id); i < end; i++) {
      const hole = event + HEADER_BYTES + i * HOLE_BYTES;
      bytes += load<i32>(hole, 32);
      if (load<i32>(hole, 36) == 0) blank = false;
    }
    if (blank || bytes > load<i32>(id, 8)) return false;
    id += 12;
  }
  return true;
}
