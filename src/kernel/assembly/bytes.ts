/**
 * Sixteen bytes at a time. A mask has one bit a byte, the lowest for the first one; what is loaded may reach up to
 * SLACK bytes behind what is looked at, which the memory has to have.
 */

export const QUOTE: u8 = 0x22;
export const BACKSLASH: u8 = 0x5c;
export const NEWLINE: u8 = 0x0a;

/** Bytes that may be looked at, or written, behind those that count. */
export const SLACK: i32 = 16;

const VECTOR: i32 = 16;

/** Bytes of a string that need attention: quotes, backslashes, control characters, and what is not ASCII. */
export function attention(at: usize): i32 {
  const bytes = v128.load(at);
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
  const backslashes = i8x16.eq(bytes, i8x16.splat(0x5c));
  // As signed numbers, bytes that are not ASCII are below the control characters.
  const others = i8x16.lt_s(bytes, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(v128.or(quotes, backslashes), others));
}

export function digits(at: usize): i32 {
  const fromZero = i8x16.sub(v128.load(at), i8x16.splat(0x30));
  return i8x16.bitmask(i8x16.lt_u(fromZero, i8x16.splat(10)));
}

/** The next newline at or behind `from`; there must be one. */
export function newline(from: usize): usize {
  let p = from;
  while (true) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a)));
    if (found != 0) return p + ctz(found);
    p += VECTOR;
  }
}

/** Whether `length` bytes are the same at both places; looks no further than SLACK bytes behind those that are. */
export function same(a: usize, b: usize, length: i32): bool {
  const last = length - VECTOR;
  if (last < 0) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
    return (equal | (-1 << length)) == -1;
  }
  for (let i = 0; i < last; i += VECTOR) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  }
  // The last sixteen may overlap with those before.
  return !v128.any_true(v128.xor(v128.load(a + last), v128.load(b + last)));
}

/** Copies `length` bytes, and overwrites up to 15 behind them; returns where they end. */
export function copy(from: usize, length: i32, to: usize): usize {
  let source = from;
  let target = to;
  for (let left = length; left > 0; left -= VECTOR) {
    v128.store(target, v128.load(source));
    source += VECTOR;
    target += VECTOR;
  }
  return to + length;
}
