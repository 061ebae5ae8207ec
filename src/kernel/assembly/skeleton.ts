/**
 * Skeletons: the lines of one log mostly have the same keys in the same order, so that the text between their values
 * is the same. What one line shows is learned (`src/map/fast/skeleton.ts`), and of the next ones only the values have to
 * be read.
 *
 *   {"msec":1786100000.123,"status":200,"uri":"/v1/chat"}
 *   └──┬───┘└─────┬──────┘└────┬───┘└┬┘└──┬──┘└────┬───┘↑
 *   text 0     value 0      text 1  …   text 2  value 2 text 3
 *
 *   record   number of values   then for each text and the value behind it:  length  address  slot  node  inner
 *
 * A text contains no value, so it does not matter whether a value is a string, a number, or an object; values are read
 * by the scanner, which takes only JSON. As the texts come from a line that was JSON, a line that fits is JSON, too. Of
 * an object there may be a skeleton of its own, `inner`: one that does not fit is read by the scanner.
 */
import { same, QUOTE } from './bytes';
import { isNumber, isObject, lineEnd, numberValue, stringValue, value, REFUSED } from './scan';
import { begin, note, CONTAINER } from './slots';
import { forgetAll, slotOf, NOTHING } from './wanted';

const NO_SKELETON: usize = 0;
const HEADER_BYTES: usize = 4;
const PART_BYTES: usize = 20;

/** Reads the line at `start` into a table of slots, if it has these texts; returns the position of its newline. */
export function fit(table: usize, skeleton: usize, start: usize): usize {
  begin(table);
  const p = object(skeleton, start);
  return p == REFUSED ? REFUSED : lineEnd(p);
}

function object(skeleton: usize, start: usize): usize {
  let p = start;
  let part = skeleton + HEADER_BYTES;
  for (let left = load<i32>(skeleton); left > 0; left--) {
    const length = load<i32>(part);
    if (!same(p, load<u32>(part, 4), length)) return REFUSED;
    p += length;
    if (load<u8>(p) == QUOTE) p = stringValue(p + 1, load<i32>(part, 8));
    else if (isNumber(p)) p = numberValue(p, load<i32>(part, 8));
    else p = innerValue(p, load<u32>(part, 12), load<u32>(part, 16));
    if (p == REFUSED) return REFUSED;
    part += PART_BYTES;
  }
  const length = load<i32>(part);
  return same(p, load<u32>(part, 4), length) ? p + length : REFUSED;
}

function innerValue(p: usize, node: usize, inner: usize): usize {
  if (inner == NO_SKELETON || !isObject(p)) return value(p, node, 1);
  const behind = object(inner, p);
  if (behind == REFUSED) {
    if (node != NOTHING) forgetAll(node);
    return value(p, node, 1);
  }
  if (node != NOTHING) note(slotOf(node), CONTAINER, p, behind);
  return behind;
}
