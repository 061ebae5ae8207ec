/**
 * A set of ids that only tells whether one is there: 16 bytes of a hash each, and no object. A million dead letters take
 * some 32 MB instead of some 400.
 */
import { createHash } from 'node:crypto';

const WORDS = 4;
const SMALLEST = 64;

export class IdSet {
  #words = new Uint32Array(SMALLEST * WORDS);
  #slots = SMALLEST;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#size > 0 && this.#isTaken(this.#find(hashOf(id), 0));
  }

  add(id: string): void {
    if (this.#size * 3 > this.#slots * 2) this.#grow();
    this.#put(hashOf(id), 0);
  }

  #put(from: Uint32Array, at: number): void {
    const slot = this.#find(from, at);
    if (this.#isTaken(slot)) return;
    for (let word = 0; word < WORDS; word++) this.#words[slot + word] = from[at + word]!;
    this.#size++;
  }

  /** Where the hash is, or would be put. */
  #find(from: Uint32Array, at: number): number {
    const words = this.#words;
    for (let slot = from[at]! % this.#slots; ; slot = (slot + 1) % this.#slots) {
      const start = slot * WORDS;
      if (!this.#isTaken(start)) return start;
      let word = 0;
      while (word < WORDS && words[start + word] === from[at + word]) word++;
      if (word === WORDS) return start;
    }
  }

  /** No hash has a last word of 0. */
  #isTaken(start: number): boolean {
    return this.#words[start + WORDS - 1] !== 0;
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    this.#size = 0;
    for (let at = 0; at < old.length; at += WORDS) if (old[at + WORDS - 1] !== 0) this.#put(old, at);
  }
}

function hashOf(id: string): Uint32Array {
  const digest = createHash('sha256').update(id).digest();
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < WORDS; word++) words[word] = digest.readUInt32LE(word * 4);
  words[WORDS - 1]! |= 1;
  return words;
}
