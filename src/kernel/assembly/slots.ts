/**
 * What a line has of what the rules want: by slot, what kind of value there is and where it stands.
 *
 *   table    kinds  starts  ends  count  high       addresses of the arrays, number of slots, whether a byte is ≥ 0x80
 */

/** What stands in a slot; see `src/kernel/kinds.ts`. */
export const ABSENT: u8 = 0;
export const NULL: u8 = 1;
export const STRING: u8 = 2;
export const COPYABLE: u8 = 3;
export const ODD: u8 = 4;
export const NUMBER: u8 = 5;
export const TRUE: u8 = 6;
export const FALSE: u8 = 7;
export const CONTAINER: u8 = 8;

let table: usize = 0;
let kinds: usize = 0;
let starts: usize = 0;
let ends: usize = 0;

/** Empties the table; from now on it is the one that is used. */
export function begin(slots: usize): void {
  table = slots;
  kinds = load<u32>(slots);
  starts = load<u32>(slots, 4);
  ends = load<u32>(slots, 8);
  // Some more are emptied, too. `memory.fill` would be a call out of the kernel.
  const end = kinds + load<u32>(slots, 12);
  for (let at = kinds; at < end; at += 16) v128.store(at, i8x16.splat(ABSENT));
  store<u32>(slots, 0, 16);
}

/** The line has bytes that are not ASCII: whether they are UTF-8 is not known yet. */
export function isHigh(): void {
  store<u32>(table, 1, 16);
}

export function hasHigh(): bool {
  return load<u32>(table, 16) != 0;
}

export function note(slot: i32, kind: u8, start: usize, end: usize): void {
  store<u8>(kinds + slot, kind);
  store<u32>(starts + (slot << 2), start);
  store<u32>(ends + (slot << 2), end);
}

export function forget(slot: i32): void {
  store<u8>(kinds + slot, ABSENT);
}

export function kindOf(slot: i32): u8 {
  return load<u8>(kinds + slot);
}

export function startOf(slot: i32): usize {
  return load<u32>(starts + (slot << 2));
}

export function endOf(slot: i32): usize {
  return load<u32>(ends + (slot << 2));
}
