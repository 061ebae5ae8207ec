/** The sealed chunks of one destination, oldest first, and what a dispatcher may do with them. */
import { basename, join } from 'node:path';
import type { Reporter } from '../observe/events.ts';
import type { DeadLetter, DeliveryQueue, LoadedChunk, SealedChunk, Settlement } from '../types.ts';
import { decodeChunk } from './chunk-format.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { Ledger } from './ledger.ts';
import type { StateFs } from './state-fs.ts';

export class ChunkQueue implements DeliveryQueue {
  readonly #fs: StateFs;
  readonly #quarantine: string;
  readonly #letters: DeadLetterStore;
  readonly #ledger: Ledger;
  readonly #checkpointer: Checkpointer;
  readonly #reporter: Reporter;
  /** Only entries from `#head` on wait; the front is cut off now and then, so that taking one costs the same always. */
  #waiting: SealedChunk[];
  #head = 0;

  constructor(
    fs: StateFs,
    quarantine: string,
    letters: DeadLetterStore,
    ledger: Ledger,
    checkpointer: Checkpointer,
    reporter: Reporter,
    waiting: readonly SealedChunk[],
  ) {
    this.#fs = fs;
    this.#quarantine = quarantine;
    this.#letters = letters;
    this.#ledger = ledger;
    this.#checkpointer = checkpointer;
    this.#reporter = reporter;
    this.#waiting = [...waiting];
  }

  /** Chunks that no dispatcher has taken yet. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  push(chunk: SealedChunk): void {
    this.#waiting.push(chunk);
  }

  take(limit: number): readonly SealedChunk[] {
    const taken = this.#waiting.slice(this.#head, this.#head + limit);
    this.#head += taken.length;
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  async load(chunk: SealedChunk): Promise<LoadedChunk> {
    return decodeChunk(chunk, await this.#fs.read(chunk.file));
  }

  async quarantine(chunk: SealedChunk, cause: Error): Promise<void> {
    const file = join(this.#quarantine, `${chunk.destination}-${basename(chunk.file)}`);
    await this.#fs.makeDir(this.#quarantine);
    await this.#fs.rename(chunk.file, file);
    await this.#fs.syncDir(this.#quarantine);
    this.#reporter.report({
      event: 'chunk_quarantined',
      destination: chunk.destination,
      file,
      error: cause,
    });
    this.settled(chunk, { delivered: 0, duplicates: 0, dead: chunk.events });
  }

  bury(letters: readonly DeadLetter[]): Promise<void> {
    return this.#letters.append(letters);
  }

  settled(chunk: SealedChunk, settlement: Settlement): void {
    this.#ledger.settled(chunk.destination, chunk.sequence, settlement);
    this.#checkpointer.settled(chunk);
  }
}
