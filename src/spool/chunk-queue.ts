/** The sealed chunks of one destination, oldest first, and what a dispatcher may do with them. */
import { basename, dirname } from 'node:path';
import { CorruptChunkError, NewerChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { DeadLetter, DeliveryQueue, LoadedChunk, SealedChunk, Settlement } from '../types.ts';
import { decodeChunk } from './chunk-format.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { DeadLetterStore, Hold, LogRange } from './dead-letters.ts';
import type { FreshChunks } from './fresh-chunks.ts';
import type { StateLayout } from './layout.ts';
import type { Ledger } from './ledger.ts';
import { kindAt } from './letter-files.ts';
import { setAside } from './quarantine.ts';
import { isMissing, type StateFs } from './state-fs.ts';

export interface ChunkQueueOptions {
  readonly fs: StateFs;
  readonly layout: StateLayout;
  readonly letters: DeadLetterStore;
  readonly ledger: Ledger;
  readonly checkpointer: Checkpointer;
  readonly fresh: FreshChunks;
  readonly reporter: Reporter;
  /** Those of the last run. */
  readonly waiting: readonly SealedChunk[];
}

export class ChunkQueue implements DeliveryQueue {
  readonly #o: ChunkQueueOptions;
  /** Only entries from `#head` on wait; the front is cut off now and then, so that taking one costs the same always. */
  #waiting: SealedChunk[];
  #head = 0;
  /** By number of a chunk that is taken and not settled: after a crash its dead letters come again. */
  readonly #holds = new Map<number, Hold>();
  /** By number of a chunk that is loaded and not settled: the lines that its events come from. */
  readonly #ranges = new Map<number, LogRange>();

  constructor(options: ChunkQueueOptions) {
    this.#o = options;
    this.#waiting = [...options.waiting];
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
    for (const { destination, sequence } of taken) {
      this.#holds.set(sequence, this.#o.letters.hold(kindAt(destination)));
    }
    return taken;
  }

  async load(chunk: SealedChunk): Promise<LoadedChunk> {
    const loaded = this.#o.fresh.take(chunk.sequence) ?? (await this.#read(chunk));
    const { generation, lineOffsets } = loaded;
    const [from, last] = [lineOffsets[0] ?? 0, lineOffsets.at(-1) ?? 0];
    this.#ranges.set(chunk.sequence, { fingerprint: generation.fingerprint, from, to: last + 1 });
    return loaded;
  }

  async quarantine(chunk: SealedChunk, cause: Error): Promise<void> {
    const { fs, layout, reporter } = this.#o;
    const { destination, file } = chunk;
    if (cause instanceof NewerChunkError) {
      // Not ours to judge: it waits, unsettled, for a start of a version that knows it.
      reporter.report({ event: 'chunk_too_new', destination, file, error: cause });
      return;
    }
    const exists = (await fs.size(file)) !== undefined;
    const aside = exists ? await setAside(fs, layout, file, `${destination}-${basename(file)}`) : file;
    reporter.report({ event: 'chunk_quarantined', destination, file: aside, error: cause });
    this.#o.ledger.lost(destination, chunk.events);
    this.settled(chunk, { delivered: 0, duplicates: 0, dead: chunk.events });
  }

  bury(letters: readonly DeadLetter[]): Promise<void> {
    return this.#o.letters.append(letters);
  }

  settled(chunk: SealedChunk, settlement: Settlement): void {
    const { ledger, letters, checkpointer, fresh } = this.#o;
    fresh.release(chunk.sequence);
    ledger.settled(chunk.destination, chunk.sequence, settlement);
    const hold = this.#holds.get(chunk.sequence);
    if (hold !== undefined) letters.release(hold, this.#ranges.get(chunk.sequence));
    this.#holds.delete(chunk.sequence);
    this.#ranges.delete(chunk.sequence);
    checkpointer.settled(chunk);
  }

  async #read(chunk: SealedChunk): Promise<LoadedChunk> {
    const { fs } = this.#o;
    let bytes: Buffer;
    try {
      bytes = await fs.read(chunk.file);
    } catch (error) {
      // Without its folder the disk may only be away for a while; without the file alone, somebody deleted it.
      if (!isMissing(error) || (await fs.size(dirname(chunk.file))) === undefined) throw error;
      throw new CorruptChunkError(chunk.file, 'somebody has deleted the file', { cause: error });
    }
    return decodeChunk(chunk, bytes);
  }
}
