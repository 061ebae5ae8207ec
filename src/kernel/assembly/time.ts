/**
 * When the usage of a line happened: the first of several times that it has, less a duration. Only plain decimal numbers
 * are read here, as `src/map/timestamp.ts` reads them; nothing is rounded.
 *
 *   record   times  their list  duration  dash  text  length  –  –  second  –  digits
 *
 * The list has the places of each time (see `event.ts`), `duration` is such an address or 0, `dash` is 1 when '-' stands
 * for nothing. The time as Unix seconds is written to `text`, its length to where `length` points. `second` (64 bits) is
 * the one whose digits stand in `text`.
 */
import { find, MISSING } from './event';
import { endOf, kindOf, startOf, NUMBER, STRING } from './slots';

const TEN: i64 = 10;
const THOUSAND: i64 = 1000;
const MAX_DIGITS: usize = 15;
const FIRST_MILLISECOND_VALUE: i64 = 100_000_000_000;
const LAST_MILLISECOND_VALUE: i64 = 99_999_999_999_999;
const DASH: u8 = 0x2d;
const DOT: u8 = 0x2e;
const ZERO: u8 = 0x30;

/** There is nothing. */
const NOTHING: i64 = -1;
/** There is something else than a plain number. */
const UNKNOWN: i64 = -2;

/** Unix milliseconds, of the line that was read last; negative when it takes more to tell. */
export function time(record: usize): f64 {
  let places: usize = load<u32>(record, 4);
  for (let left = load<i32>(record); left > 0; left--) {
    let start = numberAt(record, load<u32>(places), false);
    places += 4;
    if (start == NOTHING) continue;
    const duration: usize = load<u32>(record, 8);
    const took: i64 = start == UNKNOWN || duration == 0 ? 0 : numberAt(record, duration, true);
    if (took == UNKNOWN) return f64(UNKNOWN);
    if (took != NOTHING) start -= took;
    if (start >= 0) write(record, start);
    return f64(start);
  }
  return f64(NOTHING);
}

/** Milliseconds. */
function numberAt(record: usize, places: usize, isDuration: bool): i64 {
  const slot = find(places);
  if (slot == MISSING) return NOTHING;
  if (slot < 0) return UNKNOWN;
  const kind = kindOf(slot);
  if (kind != NUMBER && kind != STRING) return UNKNOWN;
  const start = startOf(slot);
  const end = endOf(slot);
  if (start == end) return NOTHING;
  if (end == start + 1 && load<u8>(start) == DASH && load<i32>(record, 12) != 0) return NOTHING;
  return decimal(start, end, isDuration);
}

function decimal(start: usize, end: usize, isDuration: bool): i64 {
  let whole: i64 = 0;
  let p = start;
  while (p < end && isDigit(load<u8>(p))) whole = whole * TEN + i64(load<u8>(p++) - ZERO);
  if (p == start || p - start > MAX_DIGITS) return UNKNOWN;
  let thousandths = 0;
  if (p < end) {
    if (load<u8>(p) != DOT || p + 1 == end) return UNKNOWN;
    let weight = 100;
    for (p++; p < end; p++) {
      const byte = load<u8>(p);
      if (!isDigit(byte)) return UNKNOWN;
      thousandths += i32(byte - ZERO) * weight;
      weight /= 10;
    }
  }
  if (isDuration || whole < FIRST_MILLISECOND_VALUE) return whole * THOUSAND + i64(thousandths);
  return whole <= LAST_MILLISECOND_VALUE ? whole : UNKNOWN;
}

function isDigit(byte: u8): bool {
  return byte - ZERO < 10;
}

/** Writes Unix seconds with at most three decimals and no zero behind them. */
function write(record: usize, milliseconds: i64): void {
  const second = milliseconds / THOUSAND;
  const text: usize = load<u32>(record, 16);
  if (second != load<i64>(record, 32)) {
    store<i64>(record, second, 32);
    store<i32>(record, writeDigits(text, second), 40);
  }
  let length = load<i32>(record, 40);
  let rest = i32(milliseconds - second * THOUSAND);
  if (rest != 0) {
    const at = text + length;
    store<u8>(at, DOT);
    store<u8>(at, ZERO + u8(rest / 100), 1);
    store<u8>(at, ZERO + u8((rest / 10) % 10), 2);
    store<u8>(at, ZERO + u8(rest % 10), 3);
    for (length += 4; rest % 10 == 0; rest /= 10) length--;
  }
  store<i32>(load<u32>(record, 20), length);
}

/** Returns how many they are. */
function writeDigits(at: usize, value: i64): i32 {
  let count = 1;
  for (let rest = value / TEN; rest > 0; rest /= TEN) count++;
  let rest = value;
  for (let i = count - 1; i >= 0; i--) {
    store<u8>(at + i, ZERO + u8(rest % TEN));
    rest /= TEN;
  }
  return count;
}
