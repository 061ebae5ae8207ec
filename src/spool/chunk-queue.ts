/** The sealed chunks of one destination, oldest first, and what a dispatcher may do with them. */
import { basename } from 'node:path';
import { CorruptChunkError, NewerChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock, DeadLetter, DeliveryQueue, LoadedChunk, SealedChunk, Settlement } from '../types.ts';
import type { AbsentChunks } from './absent-chunks.ts';
import { decodeChunk } from './chunk-format.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { StateFolders } from './folders.ts';
import type { FreshChunks } from './fresh-chunks.ts';
import type { SpoolGate } from './gate.ts';
import type { Ledger } from './ledger.ts';
import type { LetterClaim } from './letter-claims.ts';
import { kindAt } from './letter-files.ts';
import { setAside } from './quarantine.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { Restorer } from './restorer.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import { isMissing, type StateFs } from './state-fs.ts';

export interface ChunkQueueOptions {
  readonly fs: StateFs;
  readonly folders: StateFolders;
  readonly restorer: Restorer;
  readonly absent: AbsentChunks;
  readonly letters: DeadLetterStore;
  readonly gate: SpoolGate;
  readonly ledger: Ledger;
  readonly checkpointer: Checkpointer;
  readonly fresh: FreshChunks;
  readonly spare: SpareBuffers;
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** Those of the last run. */
  readonly waiting: readonly SealedChunk[];
}

/** About what the letter of an event takes. */
const LETTER_BYTES = 2048;
/** Smaller chunks are read into memory of their own. */
const SMALL_BYTES = 64 * 1024;

export class ChunkQueue implements DeliveryQueue {
  readonly #o: ChunkQueueOptions;
  /** Only entries from `#head` on wait; the front is cut off now and then, so that taking one costs the same always. */
  #waiting: SealedChunk[];
  #head = 0;
  /** By number of a chunk that is taken and not settled: after a crash its dead letters come again. */
  readonly #taken = new Map<number, { readonly chunk: SealedChunk; readonly claim: LetterClaim }>();
  /** By number of a chunk that was read and is not settled: the buffer that holds it. */
  readonly #buffers = new Map<number, EventBuffer>();

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
    for (const chunk of taken) {
      const { destination, sequence, fingerprint, from, to } = chunk;
      const subject = { kind: kindAt(destination), sequence, fingerprint, from, to };
      this.#taken.set(sequence, { chunk, claim: this.#o.letters.claim(subject) });
    }
    return taken;
  }

  /** All that wait for their delivery or are being delivered. */
  *unsettled(): Iterable<SealedChunk> {
    for (const { chunk } of this.#taken.values()) yield chunk;
    for (let at = this.#head; at < this.#waiting.length; at++) yield this.#waiting[at]!;
  }

  async load(chunk: SealedChunk): Promise<LoadedChunk> {
    return this.#o.fresh.take(chunk.sequence) ?? (await this.#read(chunk));
  }

  async restore(chunk: SealedChunk, cause: Error): Promise<boolean> {
    const { fs, folders, ledger, reporter, restorer, clock } = this.#o;
    const { destination, file } = chunk;
    if (cause instanceof NewerChunkError) {
      // Not ours to judge: it waits, unsettled, for a start of a version that knows it.
      reporter.report({ event: 'chunk_too_new', destination, file, error: cause });
      return false;
    }
    const failure = await restorer.restore(chunk);
    if (failure === undefined) return true;
    const exists = (await fs.size(file)) !== undefined;
    const aside = exists
      ? await setAside(fs, folders.layout, file, `${destination}-${basename(file)}`)
      : file;
    const detail = cause instanceof CorruptChunkError ? cause.detail : cause.message;
    const error = new CorruptChunkError(file, `${detail}; ${failure}`, { cause });
    reporter.report({ event: 'chunk_quarantined', destination, file: aside, error });
    ledger.lostChunk(chunk, `its chunk was damaged or deleted: ${detail}; ${failure}`, clock.now());
    this.settled(chunk, { delivered: 0, duplicates: 0, dead: chunk.events });
    return false;
  }

  async bury(letters: readonly DeadLetter[], { sequence }: SealedChunk): Promise<void> {
    const taken = this.#taken.get(sequence);
    if (taken === undefined) throw new Error(`letters for chunk ${sequence}, which is not in delivery`);
    if (!(await this.#o.gate.hasRoomForLetters(letters.length * LETTER_BYTES))) {
      throw new Error('too few bytes are free on the disk (half of spool.min_free_bytes)');
    }
    await this.#o.letters.append(letters, taken.claim);
  }

  settled(chunk: SealedChunk, settlement: Settlement): void {
    const { ledger, letters, checkpointer, fresh, absent } = this.#o;
    fresh.release(chunk.sequence);
    this.#giveBack(chunk.sequence);
    ledger.settled(chunk.destination, chunk.sequence, settlement);
    const taken = this.#taken.get(chunk.sequence);
    if (taken !== undefined) letters.settled(taken.claim);
    this.#taken.delete(chunk.sequence);
    absent.delete(chunk);
    checkpointer.settled(chunk);
  }

  async #read(chunk: SealedChunk): Promise<LoadedChunk> {
    const { sequence } = chunk;
    try {
      return decodeChunk(chunk, await this.#bytesOf(chunk));
    } catch (error) {
      this.#giveBack(sequence);
      throw error;
    }
  }

  async #bytesOf({ file, sequence, bytes }: SealedChunk): Promise<Buffer> {
    const { fs, folders, spare } = this.#o;
    try {
      if (bytes <= SMALL_BYTES) return await fs.read(file);
      const buffer = spare.take();
      this.#buffers.set(sequence, buffer);
      return await fs.read(file, (size) => buffer.memory(size));
    } catch (error) {
      if (!isMissing(error)) throw error;
      // While the disk is away this rejects.
      await folders.ensure();
      throw new CorruptChunkError(file, 'somebody has deleted the file', { cause: error });
    }
  }

  #giveBack(sequence: number): void {
    const buffer = this.#buffers.get(sequence);
    if (buffer === undefined) return;
    this.#buffers.delete(sequence);
    this.#o.spare.giveBack(buffer);
  }
}
