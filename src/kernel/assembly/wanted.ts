/**
 * The tree of what the rules want, as `src/map/fast/wanted.ts` writes it.
 *
 *   node      slot  members  count  headers  count  items  count  forgotten  count
 *   member    length of the key  its address  node          the same for headers, whose keys are folded
 *   item      index  node
 *   forgotten slots of the node and of all below it
 *
 * All words of 32 bits; `members` and so on are addresses of lists, `count` the lengths of these. 0 is no node.
 */
import { same } from './bytes';
import { forget } from './slots';

export const NOTHING: usize = 0;

const ENTRY_BYTES: i32 = 12;
const ITEM_BYTES: i32 = 8;

export function slotOf(node: usize): i32 {
  return load<i32>(node);
}

export function wantsHeaders(node: usize): bool {
  return load<u32>(node, 16) != 0;
}

/** The member of a node by the bytes of its key. */
export function member(node: usize, key: usize, length: i32): usize {
  let entry: usize = load<u32>(node, 4);
  for (let left = load<i32>(node, 8); left > 0; left--) {
    if (load<i32>(entry) == length && same(key, load<u32>(entry, 4), length)) return load<u32>(entry, 8);
    entry += ENTRY_BYTES;
  }
  return NOTHING;
}

/** The same for the name of a header, however it is written. */
export function header(node: usize, key: usize, length: i32): usize {
  let entry: usize = load<u32>(node, 12);
  for (let left = load<i32>(node, 16); left > 0; left--) {
    if (load<i32>(entry) == length && sameFolded(key, load<u32>(entry, 4), length))
      return load<u32>(entry, 8);
    entry += ENTRY_BYTES;
  }
  return NOTHING;
}

export function item(node: usize, index: i32): usize {
  let entry: usize = load<u32>(node, 20);
  for (let left = load<i32>(node, 24); left > 0; left--) {
    if (load<i32>(entry) == index) return load<u32>(entry, 4);
    entry += ITEM_BYTES;
  }
  return NOTHING;
}

/** Forgets what was found of a node and of all below it. */
export function forgetAll(node: usize): void {
  let entry: usize = load<u32>(node, 28);
  for (let left = load<i32>(node, 32); left > 0; left--) {
    forget(load<i32>(entry));
    entry += 4;
  }
}

function sameFolded(name: usize, folded: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (fold(load<u8>(name + i)) != load<u8>(folded + i)) return false;
  return true;
}

/** A byte of a header's name: A to Z as a to z, and `-` as `_`. */
function fold(byte: u8): u8 {
  if (byte == 0x2d) return 0x5f;
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
