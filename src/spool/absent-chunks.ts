/**
 * Chunks that wait, and whose files are known to be gone. The checkpoint lists their names, so that a start knows of
 * them and goes on bringing them back from the log.
 */
import type { SealedChunk } from '../types.ts';
import { chunkName } from './layout.ts';

/** Names of chunk files by destination. */
export type AbsentNames = Readonly<Record<string, readonly string[]>>;

export class AbsentChunks {
  readonly #chunks = new Map<number, SealedChunk>();
  readonly #changed: () => void;

  /** @param changed Called when a checkpoint has something new to say. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#chunks.size;
  }

  has({ sequence }: SealedChunk): boolean {
    return this.#chunks.has(sequence);
  }

  /** By number. */
  chunks(): SealedChunk[] {
    return [...this.#chunks.values()].toSorted((a, b) => a.sequence - b.sequence);
  }

  add(chunk: SealedChunk): void {
    if (this.#chunks.has(chunk.sequence)) return;
    this.#chunks.set(chunk.sequence, chunk);
    this.#changed();
  }

  /** It is back, or settled without having come back. */
  delete(chunk: SealedChunk): void {
    if (this.#chunks.delete(chunk.sequence)) this.#changed();
  }

  names(): AbsentNames {
    const names: Record<string, string[]> = {};
    for (const chunk of this.#chunks.values()) (names[chunk.destination] ??= []).push(chunkName(chunk));
    return names;
  }
}
