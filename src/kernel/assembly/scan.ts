/**
 * The scanner: checks that a line is JSON and notes where the values stand that the rules want, without making anything
 * of them.
 *
 *   {"status":200,"uri":"/v1/chat","request":{"id":"a1", … },"agent":"a \"b\""}\n
 *             ↑  ↑        ↑       ↑          ↑             ↑
 *          start end    start    end       start          end          of the slots `status`, `uri`, `request`
 *
 * It accepts only what `JSON.parse` accepts, and refuses everything that takes thought: whatever is not JSON, escapes in
 * wanted names, two headers of one name, deep nesting. A refusal only means that a slower path decides.
 *
 * A line ends with a newline, which no token takes: so nothing here can run past the end. Functions return the position
 * behind what they read, or REFUSED.
 */
import { attention, digits, BACKSLASH, NEWLINE, QUOTE } from './bytes';
import { begin, isHigh, kindOf, note } from './slots';
import { ABSENT, CONTAINER, COPYABLE, FALSE, NULL, NUMBER, ODD, STRING, TRUE } from './slots';
import { forgetAll, header, item, member, slotOf, wantsHeaders, NOTHING } from './wanted';

export const REFUSED: usize = 0;

/** Deeper lines are left to the plain parser. */
const MAX_DEPTH: i32 = 64;

const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;
const OPEN_ARRAY: u8 = 0x5b;
const CLOSE_ARRAY: u8 = 0x5d;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const MINUS: u8 = 0x2d;
const PLUS: u8 = 0x2b;
const DOT: u8 = 0x2e;
const ZERO: u8 = 0x30;

/** The kind of the string that was read last. */
let stringKind: u8 = STRING;

/** Scans the line at `start` into a table of slots; returns the position of its newline. */
export function scan(table: usize, root: usize, start: usize): usize {
  begin(table);
  let p = space(start);
  if (load<u8>(p) != OPEN_OBJECT) return REFUSED;
  p = object(p + 1, root, 1);
  return p == REFUSED ? REFUSED : lineEnd(p);
}

/** The position of the newline, if nothing but white space stands before it. */
export function lineEnd(from: usize): usize {
  const p = space(from);
  return load<u8>(p) == NEWLINE ? p : REFUSED;
}

/** The position of the quote that closes the string beginning at `from`, behind its first quote. */
export function string(from: usize): usize {
  const p = nextAttention(from);
  if (load<u8>(p) != QUOTE) return unusualString(p);
  stringKind = STRING;
  return p;
}

function nextAttention(from: usize): usize {
  let p = from;
  while (true) {
    const found = attention(p);
    if (found != 0) return p + ctz(found);
    p += 16;
  }
}

/** Goes on at a byte that needs attention. */
function unusualString(from: usize): usize {
  let kind = COPYABLE;
  let p = from;
  while (true) {
    const byte = load<u8>(p);
    if (byte == QUOTE) {
      stringKind = kind;
      return p;
    }
    if (byte >= 0x80) {
      isHigh();
      p++;
    } else if (byte == BACKSLASH) {
      const next = load<u8>(p + 1);
      if (isCanonicalEscape(next)) p += 2;
      else {
        kind = ODD;
        if (next == 0x2f) p += 2;
        else if (next == 0x75 && isHex(p + 2)) p += 6;
        else return REFUSED;
      }
    } else return REFUSED;
    p = nextAttention(p);
  }
}

/** Whether `JSON.stringify` writes this escape, too: `"`, `\`, b, f, n, r, t. */
function isCanonicalEscape(byte: u8): bool {
  switch (byte) {
    case 0x22:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

function isHex(at: usize): bool {
  for (let i: usize = 0; i < 4; i++) {
    const byte = load<u8>(at + i);
    const letter: u8 = byte | 0x20;
    if (!((byte >= ZERO && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return false;
  }
  return true;
}

export function number(from: usize): usize {
  let p = load<u8>(from) == MINUS ? from + 1 : from;
  if (load<u8>(p) == ZERO) p++;
  else {
    p = someDigits(p);
    if (p == REFUSED) return REFUSED;
  }
  if (load<u8>(p) == DOT) {
    p = someDigits(p + 1);
    if (p == REFUSED) return REFUSED;
  }
  if ((load<u8>(p) | 0x20) != 0x65) return p;
  const sign = load<u8>(p + 1);
  return someDigits(sign == MINUS || sign == PLUS ? p + 2 : p + 1);
}

/** At least one. */
function someDigits(from: usize): usize {
  let p = from;
  while (true) {
    const run = ctz(~digits(p));
    p += run;
    if (run < 16) return p == from ? REFUSED : p;
  }
}

/** The value at `p`, noted in the slot of `node` if there is one. */
export function value(p: usize, node: usize, depth: i32): usize {
  const byte = load<u8>(p);
  if (byte == QUOTE) {
    const quote = string(p + 1);
    if (quote == REFUSED) return REFUSED;
    if (node != NOTHING) note(slotOf(node), stringKind, p + 1, quote);
    return quote + 1;
  }
  let behind: usize = REFUSED;
  let kind = CONTAINER;
  if (byte == MINUS || byte - ZERO < 10) {
    behind = number(p);
    kind = NUMBER;
  } else if (byte == OPEN_OBJECT) behind = object(p + 1, node, depth + 1);
  else if (byte == OPEN_ARRAY) behind = array(p + 1, node, depth + 1);
  else {
    kind = keyword(p);
    if (kind != ABSENT) behind = p + (kind == FALSE ? 5 : 4);
  }
  if (behind != REFUSED && node != NOTHING) note(slotOf(node), kind, p, behind);
  return behind;
}

/** Notes the string that begins at `p`, behind its first quote, in a slot of its own, as skeletons do. */
export function stringValue(p: usize, slot: i32): usize {
  let quote = nextAttention(p);
  let kind = STRING;
  if (load<u8>(quote) != QUOTE) {
    quote = unusualString(quote);
    if (quote == REFUSED) return REFUSED;
    kind = stringKind;
  }
  note(slot, kind, p, quote);
  return quote + 1;
}

/** The same for the number at `p`. */
export function numberValue(p: usize, slot: i32): usize {
  const behind = number(p);
  if (behind != REFUSED) note(slot, NUMBER, p, behind);
  return behind;
}

export function isNumber(p: usize): bool {
  const byte = load<u8>(p);
  return byte == MINUS || byte - ZERO < 10;
}

export function isObject(p: usize): bool {
  return load<u8>(p) == OPEN_OBJECT;
}

/** The kind of `true`, `false` or `null`; ABSENT for anything else. */
function keyword(p: usize): u8 {
  const word = load<u32>(p);
  if (word == 0x65757274) return TRUE;
  if (word == 0x6c6c756e) return NULL;
  return word == 0x736c6166 && load<u8>(p + 4) == 0x65 ? FALSE : ABSENT;
}

function object(from: usize, node: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return REFUSED;
  let p = space(from);
  if (load<u8>(p) == CLOSE_OBJECT) return p + 1;
  while (true) {
    if (load<u8>(p) != QUOTE) return REFUSED;
    const key = p + 1;
    const quote = string(key);
    if (quote == REFUSED || (node != NOTHING && stringKind != STRING)) return REFUSED;
    p = space(quote + 1);
    if (load<u8>(p) != COLON) return REFUSED;
    p = space(p + 1);
    p = node == NOTHING ? value(p, NOTHING, depth) : memberValue(p, key, i32(quote - key), node, depth);
    if (p == REFUSED) return REFUSED;
    p = space(p);
    const next = load<u8>(p++);
    if (next == CLOSE_OBJECT) return p;
    if (next != COMMA) return REFUSED;
    p = space(p);
  }
}

/** The value at `p` of the member with this key of a node. Of two members of one name, the last counts. */
function memberValue(p: usize, key: usize, length: i32, node: usize, depth: i32): usize {
  const wanted = member(node, key, length);
  if (wanted != NOTHING && kindOf(slotOf(wanted)) != ABSENT) forgetAll(wanted);
  const named = wantsHeaders(node) ? header(node, key, length) : NOTHING;
  if (named == NOTHING) return value(p, wanted, depth);
  if (kindOf(slotOf(named)) != ABSENT) return REFUSED;
  const behind = value(p, named, depth);
  return behind == REFUSED || wanted == NOTHING ? behind : value(p, wanted, depth);
}

function array(from: usize, node: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return REFUSED;
  let p = space(from);
  if (load<u8>(p) == CLOSE_ARRAY) return p + 1;
  let index = 0;
  while (true) {
    p = value(p, node == NOTHING ? NOTHING : item(node, index++), depth);
    if (p == REFUSED) return REFUSED;
    p = space(p);
    const next = load<u8>(p++);
    if (next == CLOSE_ARRAY) return p;
    if (next != COMMA) return REFUSED;
    p = space(p);
  }
}

/** The position behind white space; a newline is none, it ends the line. */
export function space(from: usize): usize {
  // Mostly there is none.
  if (load<u8>(from) > 0x20) return from;
  let p = from;
  while (true) {
    const byte = load<u8>(p);
    if (byte != 0x20 && byte != 0x0d && byte != 0x09) return p;
    p++;
  }
}
