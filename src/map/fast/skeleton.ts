/** Learns skeletons: what lines look like, so that the kernel can read the next ones faster (`src/kernel/assembly/skeleton.ts`). */
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { WantedNode } from './wanted.ts';

const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const COMMA = 0x2c;
/** Words of a record: before the first text, and of each text with the value behind it. */
const HEADER_WORDS = 1;
const PART_WORDS = 5;
const ALIGNMENT = 16;
/** Objects that lie deeper have no skeletons of their own. */
const MAX_DEPTH = 8;

interface Part {
  /** Of the text before the value, in the line. */
  readonly from: Address;
  readonly to: Address;
  /** What is wanted of the value. */
  readonly node: WantedNode | undefined;
  /** Of a value that is an object. */
  readonly inner: readonly Part[] | undefined;
}

/** Room for one skeleton, used for one after the other. */
export class SkeletonRoom {
  readonly record: Address;
  readonly #memory: KernelMemory;
  readonly #end: Address;
  #free: Address;

  /** @throws OutOfMemoryError */
  constructor(memory: KernelMemory, bytes: number) {
    this.#memory = memory;
    this.record = memory.allocate(bytes);
    this.#end = this.record + bytes;
    this.#free = this.record;
  }

  /**
   * Learns from the line at `start`, which the kernel has just read as an object; forgets what it held.
   * @param unread A slot that nobody reads
   * @returns false when it is not worth it
   */
  learn(start: Address, root: WantedNode, unread: number): boolean {
    const parts = partsOf(this.#memory, start, root, 1);
    if (parts === undefined || bytesOf(parts) > this.#end - this.record) return false;
    this.#free = this.record;
    this.#write(parts, unread);
    return true;
  }

  #write(parts: readonly Part[], unread: number): Address {
    const { words, buffer } = this.#memory;
    const record = this.#take((HEADER_WORDS + parts.length * PART_WORDS) * 4);
    // The last text has no value behind it.
    words[record / 4] = parts.length - 1;
    for (const [index, { from, to, node, inner }] of parts.entries()) {
      const text = this.#take(to - from);
      buffer.copy(buffer, text, from, to);
      const innerRecord = inner === undefined ? 0 : this.#write(inner, unread);
      words.set(
        [to - from, text, node?.slot ?? unread, node?.address ?? 0, innerRecord],
        record / 4 + HEADER_WORDS + index * PART_WORDS,
      );
    }
    return record;
  }

  #take(bytes: number): Address {
    const address = this.#free;
    this.#free += aligned(bytes);
    return address;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function bytesOf(parts: readonly Part[]): number {
  const texts = parts.map(({ from, to, inner }) => aligned(to - from) + (inner ? bytesOf(inner) : 0));
  return texts.reduce((sum, bytes) => sum + bytes, aligned((HEADER_WORDS + parts.length * PART_WORDS) * 4));
}

/** Undefined for an empty object, and for one that has a wanted member twice, or headers, which differ too often. */
function partsOf(
  memory: KernelMemory,
  start: Address,
  object: WantedNode | undefined,
  depth: number,
): readonly Part[] | undefined {
  if (depth > MAX_DEPTH || (object?.headers.size ?? 0) > 0) return undefined;
  const { kernel, bytes, buffer } = memory;
  const parts: Part[] = [];
  const seen = new Set<WantedNode>();
  let from = start;
  let p = kernel.space(kernel.space(start) + 1);
  while (bytes[p] === QUOTE) {
    const quote = kernel.string(p + 1);
    const node = object?.members.get(buffer.toString('latin1', p + 1, quote));
    // Of two members of one name the last counts, with all that is in it.
    if (node !== undefined && seen.size === seen.add(node).size) return undefined;
    p = kernel.space(kernel.space(quote + 1) + 1);
    const inner = bytes[p] === OPEN_OBJECT ? partsOf(memory, p, node, depth + 1) : undefined;
    parts.push({ from, to: p, node, inner });
    p = from = kernel.value(p, 0, 1);
    // Behind the comma, or at the bracket that closes the object.
    p = kernel.space(p);
    if (bytes[p] === COMMA) p = kernel.space(p + 1);
  }
  if (parts.length === 0) return undefined;
  parts.push({ from, to: p + 1, node: undefined, inner: undefined });
  return parts;
}
