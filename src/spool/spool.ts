/**
 * The durable queue: what was read and mapped becomes chunks, chunks wait for their destinations, the checkpoint
 * follows. Opens a state directory (recovering what a crash left) and wires the parts of this folder together.
 */
import type { SpoolConfig } from '../config/types.ts';
import { StateDirError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock, GenerationPosition, LineConsumer, LineMapper, SealedChunk } from '../types.ts';
import { Checkpointer } from './checkpointer.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { Collector } from './collector.ts';
import { DeadLetterStore } from './dead-letters.ts';
import { SpoolGate } from './gate.ts';
import { layoutOf } from './layout.ts';
import type { Ledger } from './ledger.ts';
import { recover } from './recovery.ts';
import { Sealer } from './sealer.ts';
import type { StateFs } from './state-fs.ts';

export interface SpoolOptions {
  readonly fs: StateFs;
  readonly stateDir: string;
  readonly limits: SpoolConfig;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  readonly mappers: ReadonlyMap<string, LineMapper>;
  readonly bufferDurationMs: number;
  readonly inactiveTimeoutMs: number;
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** A replay's selection: progress of another one is not continued. */
  readonly plan?: string;
  /** Called when a destination has something new. */
  readonly wake: (destination: string) => void;
}

export class Spool {
  readonly ledger: Ledger;
  readonly gate: SpoolGate;
  /** Takes lines. */
  readonly intake: LineConsumer;
  readonly #collector: Collector;
  readonly #checkpointer: Checkpointer;
  readonly #sealer: Sealer;
  readonly #queues: ReadonlyMap<string, ChunkQueue>;
  readonly #abort: AbortController;
  /** Chunks of destinations that the configuration no longer has. */
  readonly orphans: readonly SealedChunk[];

  /** @throws StateDirError when the directory cannot be used. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { fs, stateDir, destinations, reporter } = options;
    const layout = layoutOf(stateDir);
    try {
      for (const folder of [layout.root, layout.dead, ...destinations.map((name) => layout.chunks(name))]) {
        await fs.makeDir(folder);
      }
      return new Spool(options, await recover(fs, stateDir, { reporter, readOnly: false }));
    } catch (cause) {
      const { message } = cause as Error;
      throw new StateDirError(`cannot use the state directory ${stateDir}: ${message}`, { cause });
    }
  }

  private constructor(options: SpoolOptions, recovered: Awaited<ReturnType<typeof recover>>) {
    const { fs, stateDir, destinations, reporter, clock, plan } = options;
    const layout = layoutOf(stateDir);
    const abort = new AbortController();
    const { ledger } = recovered;
    if (recovered.plan !== plan) ledger.forgetPositions();
    const letters = new DeadLetterStore(fs, layout.dead, clock, recovered.knownLetters);
    const gate = new SpoolGate(options.limits, fs, stateDir, reporter, clock, abort.signal);
    const checkpointer = new Checkpointer({
      ...{ fs, stateDir, ledger, reporter, clock },
      ...(plan === undefined ? {} : { plan }),
      signal: abort.signal,
      deleted: ({ bytes }) => gate.grow(-bytes),
    });
    const queues = new Map(
      destinations.map((name) => [
        name,
        new ChunkQueue(
          fs,
          layout.quarantine,
          letters,
          ledger,
          checkpointer,
          reporter,
          recovered.chunks.get(name) ?? [],
        ),
      ]),
    );
    const sealer = new Sealer({
      ...{ fs, stateDir, destinations, letters, ledger, gate, reporter, clock },
      nextSequence: recovered.nextSequence,
      signal: abort.signal,
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
      ...{ sealer, gate, clock },
      mappers: options.mappers,
      bufferDurationMs: options.bufferDurationMs,
      inactiveTimeoutMs: options.inactiveTimeoutMs,
      signal: abort.signal,
      started: async (source, generation, offset) => {
        if (ledger.started(source, generation, offset)) await checkpointer.write();
      },
      ended: (source, generation, offset) => {
        ledger.ended(source, generation, offset);
        checkpointer.touch();
      },
    });
    this.ledger = ledger;
    this.gate = gate;
    this.intake = this.#collector;
    this.#checkpointer = checkpointer;
    this.#sealer = sealer;
    this.#queues = queues;
    this.#abort = abort;
    const all = [...recovered.chunks.values()].flat();
    this.orphans = all.filter(({ destination }) => !queues.has(destination));
    gate.grow(all.reduce((sum, { bytes }) => sum + bytes, 0));
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

  openCounts(): ReturnType<Collector['openCounts']> {
    return this.#collector.openCounts();
  }

  /** Makes everything that was taken durable. Waits for a disk that refuses, until `release`. */
  flush(): Promise<void> {
    return this.#collector.flush();
  }

  /** Lets go of whoever waits at the gate or for the disk; what is not durable will be read again. */
  release(): void {
    this.#abort.abort(new Error('tailmeter is stopping'));
  }

  /** Writes the last checkpoint and ends. */
  async close(): Promise<void> {
    this.release();
    await this.#sealer.drained();
    await this.#checkpointer.write();
    await this.#checkpointer.write();
  }
}
