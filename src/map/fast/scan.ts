/**
 * The byte scanner: checks that a line is JSON and notes where the values stand that the rules want, without making a
 * string or an object of any. One of the two hot loops of the daemon (`bench/map.ts` measures both).
 *
 *   {"status":200,"uri":"/v1/chat","request":{"id":"a1", … },"agent":"a \"b\""}
 *             ↑  ↑        ↑       ↑          ↑             ↑
 *          start end    start    end       start          end          of the slots `status`, `uri`, `request`
 *
 * It accepts only what `JSON.parse` accepts, and refuses everything that takes thought (`-1`): whatever is not JSON,
 * escapes in wanted names, two headers of one name, deep nesting. A refusal only means that a slower path decides.
 *
 * Strings are read four bytes at a time. A byte needs attention when it is a quote, a backslash, a control character
 * or not ASCII; for four bytes v, the sign bits of these terms say which (the lowest is always right):
 *
 *   v                               ≥ 0x80
 *   v − 0x20202020                  < 0x20
 *   (v ⊕ 0x22222222) − 0x01010101   = "
 *   (v ⊕ 0x5c5c5c5c) − 0x01010101   = \
 */
import type { WantedNode } from './wanted.ts';

/** What stands in a slot. Everything above NULL is a value. */
export const ABSENT = 0;
export const NULL = 1;
/** A string of ASCII without escapes; the slot's range is what stands between the quotes, for the other two as well. */
export const STRING = 2;
/** A string whose bytes are what `JSON.stringify` would write; has escapes or UTF-8. */
export const COPYABLE = 3;
/** A string with escapes that `JSON.stringify` would write otherwise: `\/`, `\u00e9`. */
export const ODD = 4;
export const NUMBER = 5;
export const TRUE = 6;
export const FALSE = 7;
/** An object or an array, with its brackets. */
export const CONTAINER = 8;

/** Bytes that must be readable behind the end of a line, whatever they are. */
export const SLACK = 8;

/** Deeper lines are left to the plain parser. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/** By the byte behind a backslash: 1 for an escape that `JSON.stringify` writes too, 2 for another one, 0 for none. */
const ESCAPES = new Uint8Array(256);
for (const canonical of '"\\bfnrt') ESCAPES[canonical.charCodeAt(0)] = 1;
for (const other of '/u') ESCAPES[other.charCodeAt(0)] = 2;

export class Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Where the line ends. */
  end = 0;
  /** The kind of the string that was read last. */
  kind = STRING;
  /** The line has bytes that are not ASCII: whether they are UTF-8 is not known yet. */
  high = false;
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(slots: number) {
    this.kinds = new Uint8Array(slots);
    this.starts = new Int32Array(slots);
    this.ends = new Int32Array(slots);
  }

  /** Makes the line `bytes[…, end)` the one that is scanned, with nothing found yet. `view` is that of `bytes`. */
  begin(bytes: Uint8Array, view: DataView, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.end = end;
    this.reset();
  }

  reset(): void {
    this.high = false;
    const { kinds } = this;
    for (let slot = 0; slot < kinds.length; slot++) kinds[slot] = ABSENT;
  }

  /** Scans the whole line from `start`; true when it is an object, all of which was understood. */
  line(start: number, root: WantedNode): boolean {
    const p = this.space(start);
    if (this.bytes[p] !== OPEN_OBJECT) return false;
    const behind = this.#object(p + 1, root, 1);
    return behind >= 0 && this.space(behind) === this.end;
  }

  /** The position of the quote that closes the string beginning at `from`, behind its first quote; or -1. */
  string(from: number): number {
    const { view, end } = this;
    for (let p = from; p < end; p += 4) {
      const v = view.getInt32(p, true);
      const found =
        (v | (v - 0x20202020) | ((v ^ 0x22222222) - 0x01010101) | ((v ^ 0x5c5c5c5c) - 0x01010101)) &
        0x80808080;
      if (found === 0) continue;
      p += (31 - Math.clz32(found & -found)) >> 3;
      if (this.bytes[p] !== QUOTE) return this.#unusualString(p);
      this.kind = STRING;
      return p;
    }
    return -1;
  }

  /** Goes on at a byte that needs attention. */
  #unusualString(from: number): number {
    const { bytes, view, end } = this;
    let kind = COPYABLE;
    for (let p = from; p < end;) {
      const byte = bytes[p]!;
      if (byte === QUOTE) {
        this.kind = kind;
        return p;
      }
      if (byte >= 0x80) {
        this.high = true;
        p++;
      } else if (byte === BACKSLASH) {
        const next = bytes[p + 1]!;
        const escape = ESCAPES[next]!;
        if (escape === 0) return -1;
        if (escape === 2) kind = ODD;
        if (next === 0x75 && !this.#isHex(p + 2)) return -1;
        p += next === 0x75 ? 6 : 2;
      } else if (byte < 0x20) return -1;
      else p++;
      // On to the next byte that needs attention.
      for (; p < end; p += 4) {
        const v = view.getInt32(p, true);
        const found =
          (v | (v - 0x20202020) | ((v ^ 0x22222222) - 0x01010101) | ((v ^ 0x5c5c5c5c) - 0x01010101)) &
          0x80808080;
        if (found === 0) continue;
        p += (31 - Math.clz32(found & -found)) >> 3;
        break;
      }
    }
    return -1;
  }

  #isHex(at: number): boolean {
    for (let p = at; p < at + 4; p++) {
      const byte = this.bytes[p]!;
      const isHex = (byte - ZERO) >>> 0 < 10 || ((byte | 0x20) - 0x61) >>> 0 < 6;
      if (!isHex) return false;
    }
    return true;
  }

  /** The position behind the number at `from`; or -1. */
  number(from: number): number {
    const { bytes } = this;
    let p = bytes[from] === MINUS ? from + 1 : from;
    if (bytes[p] === ZERO) p++;
    else if ((p = this.#digits(p)) < 0) return -1;
    if (bytes[p] === DOT && (p = this.#digits(p + 1)) < 0) return -1;
    if ((bytes[p]! | 0x20) !== 0x65) return p;
    const sign = bytes[p + 1];
    return this.#digits(sign === MINUS || sign === 0x2b ? p + 2 : p + 1);
  }

  /** The position behind at least one digit; or -1. */
  #digits(from: number): number {
    const { bytes, end } = this;
    let p = from;
    while (p < end && (bytes[p]! - ZERO) >>> 0 < 10) p++;
    return p === from ? -1 : p;
  }

  /** The position behind the value at `p`, noted in the slot of `node` if there is one; or -1. */
  value(p: number, node: WantedNode | undefined, depth: number): number {
    const byte = this.bytes[p]!;
    if (byte === QUOTE) {
      const quote = this.string(p + 1);
      if (quote < 0) return -1;
      if (node !== undefined) this.#note(node.slot, this.kind, p + 1, quote);
      return quote + 1;
    }
    let behind = -1;
    let kind = CONTAINER;
    if (byte === MINUS || (byte - ZERO) >>> 0 < 10) {
      behind = this.number(p);
      kind = NUMBER;
    } else if (byte === OPEN_OBJECT) behind = this.#object(p + 1, node, depth + 1);
    else if (byte === OPEN_ARRAY) behind = this.#array(p + 1, node, depth + 1);
    else {
      kind = this.#keyword(p);
      if (kind === ABSENT) return -1;
      behind = p + (kind === FALSE ? 5 : 4);
    }
    if (behind >= 0 && node !== undefined) this.#note(node.slot, kind, p, behind);
    return behind;
  }

  #note(slot: number, kind: number, start: number, end: number): void {
    this.kinds[slot] = kind;
    this.starts[slot] = start;
    this.ends[slot] = end;
  }

  /** The kind of `true`, `false` or `null`; ABSENT for anything else. */
  #keyword(p: number): number {
    const word = this.view.getInt32(p, true);
    if (word === 0x65757274) return TRUE;
    if (word === 0x6c6c756e) return NULL;
    return word === 0x736c6166 && this.bytes[p + 4] === 0x65 ? FALSE : ABSENT;
  }

  #object(from: number, node: WantedNode | undefined, depth: number): number {
    const { bytes, end } = this;
    if (depth > MAX_DEPTH) return -1;
    let p = this.space(from);
    if (bytes[p] === CLOSE_OBJECT) return p + 1;
    while (p < end) {
      if (bytes[p] !== QUOTE) return -1;
      const key = p + 1;
      const quote = this.string(key);
      if (quote < 0 || (node !== undefined && this.kind !== STRING)) return -1;
      p = this.space(quote + 1);
      if (bytes[p] !== COLON) return -1;
      p = this.space(p + 1);
      p = node === undefined ? this.value(p, undefined, depth) : this.#member(p, key, quote, node, depth);
      if (p < 0) return -1;
      p = this.space(p);
      const next = bytes[p++];
      if (next === CLOSE_OBJECT) return p;
      if (next !== COMMA) return -1;
      p = this.space(p);
    }
    return -1;
  }

  /** The value at `p` of the member called `bytes[key, quote)` of a node. Of two members of one name, the last counts. */
  #member(p: number, key: number, quote: number, node: WantedNode, depth: number): number {
    const member = node.members.find(this.bytes, key, quote);
    if (member !== undefined && this.kinds[member.slot] !== ABSENT) this.#forget(member);
    const header = node.headers?.findHeader(this.bytes, key, quote);
    if (header === undefined) return this.value(p, member, depth);
    if (this.kinds[header.slot] !== ABSENT) return -1;
    const behind = this.value(p, header, depth);
    return behind < 0 || member === undefined ? behind : this.value(p, member, depth);
  }

  #forget(node: WantedNode): void {
    this.kinds[node.slot] = ABSENT;
    for (const child of node.children.values()) this.#forget(child);
  }

  #array(from: number, node: WantedNode | undefined, depth: number): number {
    const { bytes, end } = this;
    if (depth > MAX_DEPTH) return -1;
    let p = this.space(from);
    if (bytes[p] === CLOSE_ARRAY) return p + 1;
    for (let index = 0; p < end; index++) {
      p = this.value(p, node?.items?.get(index), depth);
      if (p < 0) return -1;
      p = this.space(p);
      const next = bytes[p++];
      if (next === CLOSE_ARRAY) return p;
      if (next !== COMMA) return -1;
      p = this.space(p);
    }
    return -1;
  }

  /** The position behind white space. */
  space(from: number): number {
    const { bytes, end } = this;
    let p = from;
    while (p < end) {
      const byte = bytes[p];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      p++;
    }
    return p;
  }
}
