/** Learns skeletons: what lines look like, so that the kernel can read the next ones faster (`src/kernel/assembly/skeleton.ts`). */
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { WantedNode } from './wanted.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
/** Words of a record: before the first text, and of each text with the value behind it. */
const HEADER_WORDS = 4;
const TEXT_WORDS = 4;
const ALIGNMENT = 16;

interface Part {
  /** Of the text before the value, in the line. */
  readonly from: Address;
  readonly to: Address;
  /** What is wanted of the value. */
  readonly node: WantedNode | undefined;
}

/** Room for one skeleton, used for one after the other. */
export class SkeletonRoom {
  readonly record: Address;
  readonly #memory: KernelMemory;
  readonly #end: Address;

  /** @throws OutOfMemoryError */
  constructor(memory: KernelMemory, bytes: number) {
    this.#memory = memory;
    this.record = memory.allocate(bytes);
    this.#end = this.record + bytes;
  }

  /**
   * Learns from the line at `start`, which the kernel has just read as an object.
   * @param unread A slot that nobody reads
   * @returns false when it is not worth it: the room then holds what it held before
   */
  learn(start: Address, root: WantedNode, unread: number): boolean {
    const parts = partsOf(this.#memory, start, root);
    if (parts === undefined) return false;
    const texts = this.record + (HEADER_WORDS + parts.length * TEXT_WORDS) * 4;
    const bytes = parts.reduce((sum, { from, to }) => sum + aligned(to - from), 0);
    if (texts + bytes > this.#end) return false;
    const { words, buffer } = this.#memory;
    let word = this.record / 4;
    // The last text has no value behind it.
    words[word] = parts.length - 1;
    word += HEADER_WORDS;
    let text = texts;
    for (const { from, to, node } of parts) {
      buffer.copy(buffer, text, from, to);
      words.set([to - from, text, node?.slot ?? unread, node?.address ?? 0], word);
      word += TEXT_WORDS;
      text += aligned(to - from);
    }
    return true;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Undefined for an empty object, and for one that has a wanted member twice. */
function partsOf(
  { kernel, bytes, buffer }: KernelMemory,
  start: Address,
  root: WantedNode,
): Part[] | undefined {
  const parts: Part[] = [];
  const seen = new Set<WantedNode>();
  let from = start;
  let p = kernel.space(kernel.space(start) + 1);
  while (bytes[p] === QUOTE) {
    const quote = kernel.string(p + 1);
    const node = root.members.get(buffer.toString('latin1', p + 1, quote));
    // Of two members of one name the last counts, with all that is in it.
    if (node !== undefined && seen.size === seen.add(node).size) return undefined;
    p = kernel.space(kernel.space(quote + 1) + 1);
    parts.push({ from, to: p, node });
    p = from = kernel.value(p, 0, 1);
    // Behind the comma, or at the bracket that closes the object.
    p = kernel.space(p);
    if (bytes[p] === COMMA) p = kernel.space(p + 1);
  }
  if (parts.length === 0) return undefined;
  parts.push({ from, to: p + 1, node: undefined });
  return parts;
}
