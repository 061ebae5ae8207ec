/**
 * The ids of events: hashes of them, and a table that remembers the last ones. `src/spool/repeated-ids.ts` tells what for.
 *
 *   table    seeds of 64 bits: a  b   then, from the next line of the cache on, buckets, each one line
 *   bucket   │ h1 │ h2 │ line and log │ … five times │ next place │     of the line 24 bits, of the log 8
 *
 * An id goes through two hashes of 64 bits, eight bytes at a time, that differ in how they mix: what a client makes the
 * same in one of them, it makes different in the other. Half of each is kept.
 */
import { BACKSLASH, QUOTE } from './bytes';

const HEADER_BYTES: usize = 64;
const BUCKET_BYTES: u32 = 64;
/** As in `src/spool/repeated-ids.ts`. */
const BUCKETS: u32 = 1 << 15;
const PLACE_BYTES: u32 = 12;
const PLACES: u32 = 5;
const PLACES_BYTES: usize = 60;

/** `{"transaction_id":"` */
const BEFORE_ID: usize = 19;
/** `","external_subscription_id":"` */
const BETWEEN: usize = 30;

const K1: u64 = 0x9e3779b97f4a7c15;
const K2: u64 = 0xc2b2ae3d27d4eb4f;
const ALL: u64 = 0xffffffffffffffff;
const TWO_TO_32: f64 = 4294967296;
const M1: u32 = 0x9e3779b1;

/** What `isKnown` says beside the number of another log. */
const NEW: i32 = -1;
const REPEATED: i32 = 0;
/** Where the log of a line stands in its word. */
const LOG_SHIFT: u32 = 24;
const LINE_BITS: u32 = 0xffffff;
/** Of what is found: where the number of the other log stands. */
const OTHER_SHIFT: i32 = 16;
const SPACE: u8 = 0x20;

let paddedEvents: i32 = 0;
let firstPaddedEvent: i32 = 0;
let a: u64 = 0;
let b: u64 = 0;

/**
 * Remembers the ids of `count` events, and tells which of them another line gave before.
 * @param starts of the events within `body`, one more than there are (32 bits each)
 * @param lines that gave them: offsets in the log (doubles)
 * @param log stands for the content of the log: the same line of the same content has the same number
 * @param path stands for the path of the log, 1 to 255; 0 when that is not known
 * @param hashes by event: 32 bits of the transaction id alone
 * @param scratch room for two words an event: in the end the indices of those that repeat an id
 * @returns how many these are; those that another log gave by the same line of the same content have its number above
 *   the index
 */
export function repeats(
  table: usize,
  body: usize,
  starts: usize,
  lines: usize,
  count: i32,
  log: u32,
  path: u32,
  hashes: usize,
  scratch: usize,
): i32 {
  hashAll(table, body, starts, count, hashes, scratch);
  fetch(table, scratch, count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const offset = load<f64>(lines + (i << 3));
    const high = u32(offset / TWO_TO_32);
    const line = (((log ^ u32(u64(offset)) ^ (high * M1)) * M1) >> 8) | (path << LOG_SHIFT);
    const pair = scratch + (i << 3);
    // Never behind what is still to be read.
    const other = known(table, load<u32>(pair), load<u32>(pair, 4), line);
    if (other != NEW) store<i32>(scratch + (found++ << 2), i | (other << OTHER_SHIFT));
  }
  return found;
}

/** Of the events that `repeats` looked at last: how many have a space at the beginning or the end of their subscription. */
export function padded(): i32 {
  return paddedEvents;
}

/** The first of these. */
export function firstPadded(): i32 {
  return firstPaddedEvent;
}

function hashAll(table: usize, body: usize, starts: usize, count: i32, hashes: usize, pairs: usize): void {
  const seedA = load<u64>(table);
  const seedB = load<u64>(table, 8);
  paddedEvents = 0;
  for (let i = 0; i < count; i++) {
    const first = body + load<u32>(starts + (i << 2)) + BEFORE_ID;
    const limit = body + load<u32>(starts + (i << 2), 4);
    a = seedA;
    b = seedB;
    const end = hashString(first, limit);
    store<u32>(hashes + (i << 2), u32(a >> 32));
    const name = end + BETWEEN;
    const nameEnd = hashString(name, limit);
    const isPadded = load<u8>(name) == SPACE || load<u8>(nameEnd - 1) == SPACE;
    if (isPadded && nameEnd > name && paddedEvents++ == 0) firstPaddedEvent = i;
    store<u32>(pairs + (i << 3), u32(a >> 32));
    store<u32>(pairs + (i << 3), u32(b >> 32), 4);
  }
}

/** Hashes the bytes of a string up to the quote that closes it, before `limit`; returns the position of the quote. */
function hashString(from: usize, limit: usize): usize {
  const end = closingQuote(from, limit);
  let p = from;
  for (; p + 8 <= end; p += 8) mix(load<u64>(p));
  // The last, perhaps empty, word ends with its length: `a` and `a\0` are not the same.
  const rest = (end - p) as u64;
  const bytes = rest == 0 ? 0 : load<u64>(p) & (ALL >> (64 - (rest << 3)));
  mix(bytes | ((rest + 1) << 56));
  return end;
}

function closingQuote(from: usize, limit: usize): usize {
  let p = from;
  while (p < limit) {
    const bytes = v128.load(p);
    const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
    const found = i8x16.bitmask(v128.or(quotes, i8x16.eq(bytes, i8x16.splat(0x5c))));
    if (found == 0) p += 16;
    else {
      p += ctz(found);
      if (load<u8>(p) == QUOTE) return p;
      p += load<u8>(p) == BACKSLASH ? 2 : 1;
    }
  }
  return p;
}

function mix(word: u64): void {
  a = (a ^ word) * K1;
  a ^= a >> 32;
  b = (b ^ word) * K2;
  b ^= b >> 29;
}

function bucketOf(table: usize, h1: u32): usize {
  return table + HEADER_BYTES + (h1 & (BUCKETS - 1)) * BUCKET_BYTES;
}

/** Has the buckets of many ids brought into the cache side by side. */
function fetch(table: usize, pairs: usize, count: i32): void {
  let sum: u32 = 0;
  for (let i = 0; i < count; i++) sum ^= load<u32>(bucketOf(table, load<u32>(pairs + (i << 3))));
  // So that it is not left out.
  store<u32>(table + HEADER_BYTES + BUCKETS * BUCKET_BYTES, sum);
}

/** Whether the id was there, given by another line, or by the same of another log; afterwards it is. */
function known(table: usize, h1: u32, h2: u32, line: u32): i32 {
  const bucket = bucketOf(table, h1);
  const end = bucket + PLACES_BYTES;
  for (let place = bucket; place < end; place += PLACE_BYTES) {
    if (load<u32>(place) != h1 || load<u32>(place, 4) != h2) continue;
    const before = load<u32>(place, 8);
    if (((before ^ line) & LINE_BITS) != 0) return REPEATED;
    const log = before >> LOG_SHIFT;
    return log == line >> LOG_SHIFT || log == 0 || line >> LOG_SHIFT == 0 ? NEW : i32(log);
  }
  const next = load<u32>(end);
  store<u32>(end, (next + 1) % PLACES);
  const place = bucket + next * PLACE_BYTES;
  store<u32>(place, h1);
  store<u32>(place, h2, 4);
  store<u32>(place, line, 8);
  return NEW;
}
