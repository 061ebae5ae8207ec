/**
 * The durable queue: what was read and mapped becomes chunks, chunks wait for their destinations, the checkpoint
 * follows. Opens a state directory (recovering what a crash left) and wires the parts of this folder together.
 */
import type { DeadConfig, SpoolConfig } from '../config/types.ts';
import { StateDirError } from '../errors.ts';
import { KernelMemory } from '../kernel/memory.ts';
import type { Reporter } from '../observe/events.ts';
import type { LogRanges } from '../log-range.ts';
import type { Clock, GenerationPosition, LineConsumer, LineMapper } from '../types.ts';
import { AbsentChunks } from './absent-chunks.ts';
import { Checkpointer } from './checkpointer.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { Collector } from './collector.ts';
import { DeadLetterStore } from './dead-letters.ts';
import { StateFolders } from './folders.ts';
import { FreshChunks } from './fresh-chunks.ts';
import { SpoolGate } from './gate.ts';
import { LetterQuota } from './letter-quota.ts';
import type { Ledger } from './ledger.ts';
import { recover, type Recovered } from './recovery.ts';
import { idsBytes } from './repeated-ids.ts';
import { Restorer } from './restorer.ts';
import { Sealer } from './sealer.ts';
import { SpareBuffers, spareBytes } from './spare-buffers.ts';
import type { StateFs } from './state-fs.ts';
import { NO_LIMITS, type TimeLimits } from '../time-limits.ts';

export interface SpoolOptions {
  readonly fs: StateFs;
  readonly stateDir: string;
  readonly limits: SpoolConfig;
  /** For the dead letters; without it there is no limit. */
  readonly dead?: DeadConfig;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  readonly mappers: ReadonlyMap<string, LineMapper>;
  readonly bufferDurationMs: number;
  readonly inactiveTimeoutMs: number;
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** A replay's selection: progress of another one is not continued. */
  readonly plan?: string;
  /** Stands for all that decides what a line becomes: when it changes, the generations' accounts begin anew. */
  readonly mapping?: string;
  /** Reads lines once more, for chunks that were damaged or deleted. */
  readonly logs: LogRanges;
  /** Maps the lines of a source as `mappers` do, without counting them. */
  readonly remap: (source: string) => LineMapper;
  /** A range of a log that is not found is sought again after so long: files are on the move under rotation. */
  readonly searchAgainMs: number;
  /** Where logs are read, and events written, with room for `spoolBytes`; absent when that is no matter. */
  readonly memory?: KernelMemory;
  /** Which times of a source's lines are plausible now (Unix ms); absent when all are. */
  readonly limitsAt?: (source: string, nowMs: number) => TimeLimits;
  /** The path of the log that a file of a source belongs to; its own when absent. */
  readonly followed?: (source: string, path: string) => string;
  /** Reading pauses while the clock says an earlier time, Unix ms. */
  readonly builtMs?: number;
  /** Called when a destination has something new. */
  readonly wake: (destination: string) => void;
}

const UNLIMITED: DeadConfig = { max_bytes: Infinity, on_full: 'sample' };

/** What a spool takes in the kernel's memory. */
export const spoolBytes = (destinations: number): number => spareBytes + idsBytes(destinations);

export class Spool {
  readonly ledger: Ledger;
  readonly gate: SpoolGate;
  readonly quota: LetterQuota;
  /** Takes lines. */
  readonly intake: LineConsumer;
  readonly #collector: Collector;
  readonly #checkpointer: Checkpointer;
  readonly #sealer: Sealer;
  readonly #folders: StateFolders;
  readonly #restorer: Restorer;
  readonly #absent: AbsentChunks;
  readonly #queues: ReadonlyMap<string, ChunkQueue>;
  readonly #abort: AbortController;

  /** @throws StateDirError when the directory cannot be used. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { fs, stateDir, destinations, reporter, plan, mapping } = options;
    try {
      let spool: Spool | undefined = undefined;
      const folders = await StateFolders.open(fs, stateDir, destinations, (gone) =>
        spool === undefined ? undefined : spool.#lostFiles(gone),
      );
      const recovered = await recover(fs, stateDir, {
        reporter,
        readOnly: false,
        fromTheBeginning: plan !== undefined,
      });
      spool = new Spool(options, folders, recovered);
      await spool.quota.look();
      for (const [destination, waiting] of recovered.chunks) {
        if (destinations.includes(destination)) continue;
        const events = waiting.reduce((sum, chunk) => sum + chunk.events, 0);
        reporter.report({ event: 'destination_unknown', destination, chunks: waiting.length, events });
      }
      const isAnother = recovered.plan !== plan;
      if (isAnother) spool.ledger.forgetPositions();
      if (recovered.mapping !== mapping) spool.ledger.restartAccounts();
      await spool.#checkpointer.write().catch((error: unknown) => {
        // Nothing of another plan may be sealed before the old positions are gone. Else there is no hurry, and a
        // full disk must not keep from starting who could make room.
        if (isAnother) throw error;
        reporter.report({ event: 'checkpoint_failed', error: error as Error });
        spool.#checkpointer.touch();
      });
      void spool.#restorer.bringBack();
      return spool;
    } catch (cause) {
      if (cause instanceof StateDirError) throw cause;
      const { message } = cause as Error;
      throw new StateDirError(`cannot use the state directory ${stateDir}: ${message}`, { cause });
    }
  }

  private constructor(options: SpoolOptions, folders: StateFolders, recovered: Recovered) {
    const { fs, stateDir, destinations, reporter, clock, plan, mapping, mappers } = options;
    const { ledger, nextSequence } = recovered;
    const { layout } = folders;
    const { memory = new KernelMemory({ blocks: idsBytes(destinations.length) }) } = options;
    const abort = new AbortController();
    const { signal } = abort;
    const gate = new SpoolGate(options.limits, fs, stateDir, reporter, clock, signal, options.builtMs);
    gate.checkClock();
    const { dead = UNLIMITED } = options;
    const quota = new LetterQuota({ fs, folder: layout.dead, limits: dead, gate, reporter, clock, signal });
    const letters = new DeadLetterStore(fs, layout.dead, clock, recovered.letters, (bytes) => {
      quota.grow(bytes);
      gate.wrote(bytes);
    });
    const spare = new SpareBuffers(memory);
    const fresh = new FreshChunks(spare, clock);
    const shared = { fs, folders, ledger, letters, reporter, clock, signal };
    const absent = new AbsentChunks(() => checkpointer.touch());
    const { logs, remap, searchAgainMs } = options;
    const restorer = new Restorer({
      ...shared,
      destinations,
      logs,
      remap,
      searchAgainMs,
      absent,
      spare,
      gate,
    });
    const checkpointer = new Checkpointer({
      ...shared,
      stateDir,
      absent: () => absent.names(),
      isBusyWith: (sequence) => restorer.isBusyWith(sequence),
      ...(plan === undefined ? {} : { plan }),
      ...(mapping === undefined ? {} : { mapping }),
      settled: recovered.settled,
      deleted: ({ bytes }) => gate.grow(-bytes),
    });
    const queueParts = {
      gate,
      fs,
      folders,
      restorer,
      absent,
      letters,
      ledger,
      checkpointer,
      fresh,
      spare,
      reporter,
      clock,
    };
    const queues = new Map<string, ChunkQueue>();
    for (const name of destinations) {
      const waiting = recovered.chunks.get(name) ?? [];
      queues.set(name, new ChunkQueue({ ...queueParts, waiting }));
      gate.grow(waiting.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    const sealer = new Sealer({
      ...shared,
      quota,
      destinations,
      gate,
      fresh,
      memory,
      nextSequence,
      followed: options.followed ?? ((source) => source),
      checkpoint: () => checkpointer.write(),
      sealed: (chunks) => {
        checkpointer.touch();
        for (const chunk of chunks) {
          queues.get(chunk.destination)?.push(chunk);
          options.wake(chunk.destination);
        }
      },
    });
    this.#collector = new Collector({
      sealer,
      gate,
      clock,
      spare,
      fresh,
      mappers,
      signal,
      bufferDurationMs: options.bufferDurationMs,
      inactiveTimeoutMs: options.inactiveTimeoutMs,
      limitsAt: options.limitsAt ?? (() => NO_LIMITS),
      // Another plan reads with limits of its own.
      decided: recovered.plan === plan ? recovered.decided : [],
      started: (source, generation, offset, mark) => ledger.started(source, generation, offset, mark),
      checkpoint: () => checkpointer.write(),
      ended: (source, generation, offset) => {
        ledger.ended(source, generation, offset);
        checkpointer.touch();
      },
      lost: (loss) => ledger.lostLines(loss, clock.now()),
    });
    this.ledger = ledger;
    this.gate = gate;
    this.quota = quota;
    this.intake = this.#collector;
    this.#checkpointer = checkpointer;
    this.#sealer = sealer;
    this.#folders = folders;
    this.#restorer = restorer;
    this.#absent = absent;
    this.#queues = queues;
    this.#abort = abort;
    for (const chunk of recovered.absent) absent.add(chunk);
  }

  queue(destination: string): ChunkQueue {
    const queue = this.#queues.get(destination);
    if (queue === undefined) throw new Error(`no destination ${destination}`);
    return queue;
  }

  /** What is known of the generations of each source, oldest first. */
  positions(): ReadonlyMap<string, readonly GenerationPosition[]> {
    return new Map([...this.ledger.sources()].map(([source, { positions }]) => [source, positions]));
  }

  /** Events of a source, since the start, whose subscription begins or ends with a space. */
  padded(source: string): number {
    return this.#sealer.padded.get(source) ?? 0;
  }

  openCounts(): ReturnType<Collector['openCounts']> {
    return this.#collector.openCounts();
  }

  /** Somebody may have removed the folders: makes them anew, and what was in them. Never rejects. */
  async lookAfterFolders(): Promise<void> {
    await this.#folders.ensure().catch(() => {});
  }

  /** Makes everything that was taken durable. Waits for a disk that refuses, until `release`. */
  flush(): Promise<void> {
    return this.#collector.flush();
  }

  /** Lets go of whoever waits at the gate or for the disk; what is not durable will be read again. */
  release(): void {
    this.#abort.abort(new Error('tailmeter is stopping'));
  }

  /** Writes the last checkpoint and ends. Rejects when that cannot be made durable: what was done since is done again. */
  async close(): Promise<void> {
    this.release();
    await this.#sealer.drained();
    await this.#restorer.drained();
    await this.#checkpointer.finish();
  }

  /** Somebody has deleted these destinations' folders: what waited in them is in the logs, as long as these are there. */
  #lostFiles(destinations: readonly string[]): void {
    for (const destination of destinations) {
      for (const chunk of this.queue(destination).unsettled()) this.#absent.add(chunk);
    }
    this.#checkpointer.touch();
    void this.#restorer.bringBack();
  }
}
