/**
 * Writes the checkpoint a few times a second while there is something new, and deletes the files of settled chunks.
 *
 * A settled chunk:  listed in the newest checkpoint ─▶ listed in the previous one, too ─▶ file deleted, its folder
 * synced ─▶ forgotten by the next checkpoint. So whichever checkpoint is recovered from knows every settled chunk
 * whose file is missing, and every chunk that it does not know as settled has its file.
 */
import type { Reporter } from '../observe/events.ts';
import type { Clock, SealedChunk } from '../types.ts';
import type { AbsentNames } from './absent-chunks.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { StateFolders } from './folders.ts';
import { layoutOf } from './layout.ts';
import type { Ledger } from './ledger.ts';
import { isMissing, type StateFs } from './state-fs.ts';

/** At most four a second: each costs two fsyncs. */
const INTERVAL_MS = 250;
const RETRY_MS = 1000;

export interface CheckpointerOptions {
  readonly fs: StateFs;
  readonly stateDir: string;
  readonly ledger: Ledger;
  readonly letters: DeadLetterStore;
  readonly folders: StateFolders;
  readonly absent: () => AbsentNames;
  /** Whether the file of a chunk is being made just now. */
  readonly isBusyWith: (sequence: number) => boolean;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly plan?: string;
  readonly mapping?: string;
  /** Chunks that the recovered checkpoint knows as settled and whose files are still there. */
  readonly settled: readonly SealedChunk[];
  /** The file of a chunk that was settled in this run is gone. */
  readonly deleted: (chunk: SealedChunk) => void;
}

export class Checkpointer {
  readonly #o: CheckpointerOptions;
  /** Files of settled chunks from the last run, and chunks settled in this one. */
  readonly #leftovers: ReadonlyMap<number, SealedChunk>;
  readonly #settled = new Map<number, SealedChunk>();
  /** Settled by the newest checkpoint … */
  #listed: ReadonlySet<number>;
  /** … and by the one before it, too. */
  #deletable: readonly number[] = [];
  #dirty = false;
  #running = false;
  #last: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(options: CheckpointerOptions) {
    this.#o = options;
    this.#leftovers = new Map(options.settled.map((chunk) => [chunk.sequence, chunk]));
    this.#listed = new Set(options.ledger.settledChunks.keys());
  }

  /** The ledger has changed. */
  touch(): void {
    this.#dirty = true;
    if (!this.#running) void this.#writeWhileDirty();
  }

  /** All events of the chunk are settled in the ledger. */
  settled(chunk: SealedChunk): void {
    this.#settled.set(chunk.sequence, chunk);
    this.touch();
  }

  /**
   * Writes what the ledger says now, or a little later, after any write under way. Rejects when it cannot be made
   * durable.
   */
  write(): Promise<void> {
    if (this.#queued === undefined) {
      this.#queued = this.#last.then(() => this.#write());
      this.#last = this.#queued.catch(() => {});
    }
    return this.#queued;
  }

  /** The last checkpoint, and the deletion of all that is settled. */
  async finish(): Promise<void> {
    do {
      await this.write();
      await this.#delete();
    } while (this.#dirty);
  }

  async #writeWhileDirty(): Promise<void> {
    const { clock, signal, reporter, folders } = this.#o;
    this.#running = true;
    while (this.#dirty && !signal.aborted) {
      await clock.sleep(INTERVAL_MS, signal);
      if (signal.aborted) break;
      try {
        await this.write();
        await this.#delete();
      } catch (error) {
        this.#dirty = true;
        reporter.report({ event: 'checkpoint_failed', error: error as Error });
        await clock.sleep(RETRY_MS, signal);
        // Somebody may have removed it while we ran; if not, the next write tells what is wrong.
        await folders.ensure().catch(() => {});
      }
    }
    this.#running = false;
  }

  async #write(): Promise<void> {
    const { fs, stateDir, ledger, letters, absent, plan, mapping } = this.#o;
    // From here on changes need another one.
    this.#queued = undefined;
    this.#dirty = false;
    const books = ledger.snapshot();
    const settled = [...ledger.settledChunks.keys()];
    const gone = absent();
    try {
      await writeCheckpoint(fs, stateDir, {
        ...books,
        letters: letters.marks(),
        // A replay, which has a plan, looks at all letters anyhow.
        ...(plan === undefined ? { claims: letters.claims() } : {}),
        ...(Object.keys(gone).length === 0 ? {} : { absent: gone }),
        ...(plan === undefined ? {} : { plan }),
        ...(mapping === undefined ? {} : { mapping }),
      });
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
    this.#deletable = settled.filter((sequence) => this.#listed.has(sequence));
    this.#listed = new Set(settled);
    if (settled.length > 0) this.touch();
  }

  async #delete(): Promise<void> {
    const { fs, stateDir, ledger, deleted, isBusyWith } = this.#o;
    const { chunks } = layoutOf(stateDir);
    const going = this.#deletable.filter(
      (sequence) => ledger.settledChunks.has(sequence) && !isBusyWith(sequence),
    );
    if (going.length === 0) return;
    const folders = new Set<string>();
    for (const sequence of going) {
      const file = (this.#settled.get(sequence) ?? this.#leftovers.get(sequence))?.file;
      if (file !== undefined) await fs.remove(file);
      folders.add(ledger.settledChunks.get(sequence) ?? '');
    }
    // The names must be gone for good before a checkpoint may forget that these chunks are settled.
    for (const destination of folders) {
      await fs.syncDir(chunks(destination)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
    ledger.deleted(going);
    for (const sequence of going) {
      const chunk = this.#settled.get(sequence);
      this.#settled.delete(sequence);
      if (chunk !== undefined) deleted(chunk);
    }
    this.touch();
  }
}
