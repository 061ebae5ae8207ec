/**
 * Skeletons: the lines of one log mostly have the same keys in the same order, so that the text between their values
 * is the same. What one line shows is learned, and of the next one only the values have to be read. One of the two hot
 * loops of the daemon (`bench/map.ts` measures both).
 *
 *   {"msec":1786100000.123,"status":200,"uri":"/v1/chat"}
 *   └──┬───┘└─────┬──────┘└────┬───┘└┬┘└──┬──┘└────┬───┘↑
 *   text 0     value 0      text 1  …   text 2  value 2 text 3
 *
 * A text contains no value, so it does not matter whether a value is a string, a number, or an object; values are read
 * by the scanner, which takes only JSON. As the texts come from a line that was JSON, a line that fits is JSON, too.
 */
import { NUMBER } from './scan.ts';
import type { Scanner } from './scan.ts';
import type { WantedNode } from './wanted.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;

export class Skeleton {
  /** The texts, each cut into words of four bytes, of which the last may have some that do not count. */
  readonly #words: Int32Array;
  /** By text: the index of its first word; one more at the end. */
  readonly #first: Int32Array;
  /** By text: which bits of its last word count. */
  readonly #masks: Int32Array;
  /** By text: its length in bytes. */
  readonly #lengths: Int32Array;
  /** By value: what is wanted of it. */
  readonly #nodes: readonly (WantedNode | undefined)[];
  /** By value: where it is noted; unwanted ones in a slot that nobody reads. */
  readonly #slots: Int32Array;

  /** @param texts One more than `nodes` @param unread A slot that nobody reads */
  constructor(texts: readonly Uint8Array[], nodes: readonly (WantedNode | undefined)[], unread: number) {
    const words: number[] = [];
    const first = [0];
    this.#lengths = Int32Array.from(texts, (text) => text.length);
    this.#masks = Int32Array.from(texts, ({ length }) => -1 >>> ((4 - (length & 3 || 4)) * 8));
    for (const text of texts) {
      const padded = Buffer.alloc((text.length + 3) & ~3);
      padded.set(text);
      for (let at = 0; at < padded.length; at += 4) words.push(padded.readInt32LE(at));
      first.push(words.length);
    }
    this.#words = Int32Array.from(words);
    this.#first = Int32Array.from(first);
    this.#nodes = nodes;
    this.#slots = Int32Array.from(nodes, (node) => node?.slot ?? unread);
  }

  /** True when the line that `scanner` has begun, from `start` on, has these texts; then its values are noted. */
  fits(scanner: Scanner, start: number): boolean {
    const { bytes, view, end, kinds, starts, ends } = scanner;
    const slots = this.#slots;
    const values = slots.length;
    let p = start;
    for (let i = 0; i < values; i++) {
      p = this.#behindText(view, end, p, i);
      if (p < 0) return false;
      const byte = bytes[p]!;
      const slot = slots[i]!;
      if (byte === QUOTE) {
        const quote = scanner.string(p + 1);
        if (quote < 0) return false;
        kinds[slot] = scanner.kind;
        starts[slot] = p + 1;
        ends[slot] = quote;
        p = quote + 1;
      } else if ((byte - ZERO) >>> 0 < 10 || byte === MINUS) {
        starts[slot] = p;
        p = scanner.number(p);
        if (p < 0) return false;
        kinds[slot] = NUMBER;
        ends[slot] = p;
      } else {
        p = scanner.value(p, this.#nodes[i], 1);
        if (p < 0) return false;
      }
    }
    return this.#behindText(view, end, p, values) === end;
  }

  /** The position behind text `i` if it stands at `from`; or -1. */
  #behindText(view: DataView, end: number, from: number, i: number): number {
    const behind = from + this.#lengths[i]!;
    if (behind > end) return -1;
    const words = this.#words;
    const last = this.#first[i + 1]! - 1;
    let p = from;
    for (let word = this.#first[i]!; word < last; word++) {
      if (view.getInt32(p, true) !== words[word]) return -1;
      p += 4;
    }
    return ((view.getInt32(p, true) ^ words[last]!) & this.#masks[i]!) === 0 ? behind : -1;
  }
}

/** Learns the skeleton of the line from `start` on, which `scanner` has just understood. Undefined for an empty object. */
export function learnSkeleton(
  scanner: Scanner,
  start: number,
  root: WantedNode,
  unread: number,
): Skeleton | undefined {
  const { bytes } = scanner;
  const texts: Uint8Array[] = [];
  const nodes: (WantedNode | undefined)[] = [];
  const seen = new Set<WantedNode>();
  let from = start;
  let p = scanner.space(scanner.space(start) + 1);
  while (bytes[p] === QUOTE) {
    const quote = scanner.string(p + 1);
    const node = root.members.find(bytes, p + 1, quote);
    // Of two members of one name the last counts, with all that is in it: not worth a skeleton.
    if (node !== undefined && seen.size === seen.add(node).size) return undefined;
    p = scanner.space(scanner.space(quote + 1) + 1);
    texts.push(bytes.slice(from, p));
    nodes.push(node);
    p = from = scanner.value(p, undefined, 1);
    // Behind the comma, or at the bracket that closes the object.
    p = scanner.space(p);
    if (bytes[p] === 0x2c) p = scanner.space(p + 1);
  }
  if (nodes.length === 0) return undefined;
  texts.push(bytes.slice(from, scanner.end));
  return new Skeleton(texts, nodes, unread);
}
