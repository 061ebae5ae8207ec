/**
 * Skeletons: the lines of one log mostly have the same keys in the same order, so that the text between their values
 * is the same. What one line shows is learned (`src/map/fast/skeleton.ts`), and of the next ones only the values have to
 * be read.
 *
 *   {"msec":1786100000.123,"status":200,"uri":"/v1/chat"}
 *   └──┬───┘└─────┬──────┘└────┬───┘└┬┘└──┬──┘└────┬───┘↑
 *   text 0     value 0      text 1  …   text 2  value 2 text 3
 *
 *   record   number of values, then for each text and the value behind it:  length  address  slot  node
 *
 * A text contains no value, so it does not matter whether a value is a string, a number, or an object; values are read
 * by the scanner, which takes only JSON. As the texts come from a line that was JSON, a line that fits is JSON, too.
 */
import { same } from './bytes';
import { isSimple, lineEnd, simpleValue, value, REFUSED } from './scan';
import { begin } from './slots';

/** Reads the line at `start` into a table of slots, if it has these texts; returns the position of its newline. */
export function fit(table: usize, skeleton: usize, start: usize): usize {
  begin(table);
  let p = start;
  let record = skeleton + 16;
  for (let left = load<i32>(skeleton); left > 0; left--) {
    const length = load<i32>(record);
    if (!same(p, load<u32>(record, 4), length)) return REFUSED;
    p += length;
    p = isSimple(p) ? simpleValue(p, load<i32>(record, 8)) : value(p, load<u32>(record, 12), 1);
    if (p == REFUSED) return REFUSED;
    record += 16;
  }
  const length = load<i32>(record);
  return same(p, load<u32>(record, 4), length) ? lineEnd(p + length) : REFUSED;
}
