/**
 * Writes the checkpoint a few times a second while there is something new, and deletes the files of settled
 * chunks once a checkpoint that says so is durable.
 */
import type { Reporter } from '../observe/events.ts';
import type { Clock, SealedChunk } from '../types.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { layoutOf } from './layout.ts';
import type { Ledger } from './ledger.ts';
import type { StateFs } from './state-fs.ts';

/** At most four a second: each costs two fsyncs. */
const INTERVAL_MS = 250;
const RETRY_MS = 1000;

export interface CheckpointerOptions {
  readonly fs: StateFs;
  readonly stateDir: string;
  readonly ledger: Ledger;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly plan?: string;
  /** The file of a settled chunk is gone. */
  readonly deleted: (chunk: SealedChunk) => void;
}

export class Checkpointer {
  readonly #o: CheckpointerOptions;
  readonly #settled = new Map<number, SealedChunk>();
  #dirty = false;
  #loop: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CheckpointerOptions) {
    this.#o = options;
  }

  /** The ledger has changed. */
  touch(): void {
    this.#dirty = true;
    this.#loop ??= this.#writeSoon().finally(() => {
      this.#loop = undefined;
    });
  }

  /** All events of the chunk are settled in the ledger: its file goes after the next checkpoint. */
  settled(chunk: SealedChunk): void {
    this.#settled.set(chunk.sequence, chunk);
    this.touch();
  }

  /** Writes now what the ledger says, after any write under way. Rejects when it cannot be made durable. */
  write(): Promise<void> {
    this.#dirty = false;
    const done = this.#writing.then(() => this.#write());
    this.#writing = done.catch(() => {
      this.#dirty = true;
    });
    return done;
  }

  async #writeSoon(): Promise<void> {
    const { clock, signal, reporter } = this.#o;
    while (this.#dirty && !signal.aborted) {
      await clock.sleep(INTERVAL_MS, signal);
      if (signal.aborted) return;
      try {
        await this.write();
      } catch (error) {
        reporter.report({ event: 'checkpoint_failed', error: error as Error });
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async #write(): Promise<void> {
    const { fs, stateDir, ledger, plan } = this.#o;
    const going = [...this.#settled.values()];
    await writeCheckpoint(fs, stateDir, {
      ...ledger.snapshot(),
      ...(plan === undefined ? {} : { plan }),
    });
    if (going.length === 0) return;
    for (const { file } of going) await fs.remove(file);
    // The names must be gone for good before the checkpoint may forget that these chunks are settled.
    const { chunks } = layoutOf(stateDir);
    for (const destination of new Set(going.map((chunk) => chunk.destination))) {
      await fs.syncDir(chunks(destination));
    }
    for (const chunk of going) {
      this.#settled.delete(chunk.sequence);
      this.#o.deleted(chunk);
    }
    ledger.deleted(going.map(({ sequence }) => sequence));
    this.#dirty = true;
  }
}
