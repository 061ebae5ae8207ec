/**
 * SHIP, the last stage: delivers the sealed chunks of one destination to Lago, each event at least once and, by
 * Lago's ids, billed once. A chunk stays here until every event in it is delivered, known to be a duplicate, or a
 * durable dead letter; only then is it `settled`. What is not settled when the process ends is delivered again.
 *
 * ```
 *  spool ─take─▶ ChunkDispatcher ─load─▶ ChunkDelivery ─▶ Backlog ─batch─▶ Sender ─request─▶ Lago
 *    ▲            (better-queue)                             ▲                │
 *    └── settled ◀───────────────────────────────────────────┴── Outcomes ◀─ judge(answer)
 * ```
 */
import { systemClock } from '../clock.ts';
import type { LagoDestinationConfig } from '../config/types.ts';
import { CorruptChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock, DeliveryQueue, DeliveryStatus, LoadedChunk, SealedChunk } from '../types.ts';
import { Backlog } from './backlog.ts';
import { fullJitterMs } from './backoff.ts';
import { ChunkDelivery } from './chunk-delivery.ts';
import { Diagnostics } from './diagnostics.ts';
import { ChunkDispatcher } from './dispatcher.ts';
import { BACKOFF_CAP_MS, backoffBaseMs } from './outcomes.ts';
import { Sender } from './sender.ts';
import { statusOf } from './status.ts';
import { Undertaker } from './undertaker.ts';

export interface ShipperOptions {
  /** With its secrets resolved: `token` and `proxy` are literals. */
  readonly destination: LagoDestinationConfig;
  readonly queue: DeliveryQueue;
  readonly reporter: Reporter;
  /** Of tailmeter, for the user agent. */
  readonly version: string;
  readonly clock?: Clock;
  /** Uniform in [0, 1); for jitter and the choice of endpoints. */
  readonly random?: () => number;
}

/** Lago takes no more events in one batch. */
const LAGO_BATCH_LIMIT = 100;
/** Batches that are loaded ahead, per request in flight, so that the link stays full while chunks are read. */
const BATCHES_AHEAD = 2;

export class Shipper {
  readonly #destination: LagoDestinationConfig;
  readonly #queue: DeliveryQueue;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backlog: Backlog;
  readonly #diagnostics: Diagnostics;
  readonly #undertaker: Undertaker;
  readonly #sender: Sender;
  readonly #dispatcher: ChunkDispatcher;
  readonly #stopped = new AbortController();
  /** Events of chunks that are being loaded. */
  #loading = 0;
  #drained: (() => void) | undefined;

  /** @throws ConfigError when a certificate or key file cannot be read */
  constructor(options: ShipperOptions) {
    const { destination: config, queue, reporter, version } = options;
    const clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    const { signal } = this.#stopped;
    this.#destination = config;
    this.#queue = queue;
    this.#clock = clock;
    this.#random = random;
    const backlog = new Backlog(Math.min(config.batch_max_size, LAGO_BATCH_LIMIT));
    const diagnostics = new Diagnostics(config, reporter, clock);
    const undertaker = new Undertaker({ queue, clock, random, diagnostics, signal });
    this.#backlog = backlog;
    this.#diagnostics = diagnostics;
    this.#undertaker = undertaker;
    this.#sender = new Sender({
      config,
      backlog,
      undertaker,
      diagnostics,
      clock,
      random,
      signal,
      userAgent: `tailmeter/${version}`,
      progressed: () => this.#progressed(),
    });
    this.#dispatcher = new ChunkDispatcher({
      queue,
      // Chunks of one event each must be able to fill the link, too.
      concurrent: Math.max(8, config.concurrency * BATCHES_AHEAD),
      ready: () => this.#sender.usable && this.#hasRoom(),
      deliver: (chunk, done) => void this.#deliver(chunk, done),
    });
  }

  start(): void {
    this.#dispatcher.start();
  }

  /** A new chunk was sealed. */
  wake(): void {
    this.#dispatcher.refill();
  }

  /**
   * Resolves when the queue gives no chunk any more and all that were taken are settled; also when not started or
   * stopped. An unreachable destination keeps it waiting: `status` tells why.
   */
  idle(): Promise<void> {
    return this.#dispatcher.idle();
  }

  /**
   * Sends nothing more, gives requests in flight `graceMs` to end, aborts the rest. What is then not settled stays
   * in the queue for the next start; the queue hears nothing more from here afterwards.
   */
  async stop(graceMs: number): Promise<void> {
    this.#sender.stop();
    this.#dispatcher.stop();
    if (graceMs > 0 && !this.#isDrained) {
      const waited = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => (this.#drained = resolve)),
        this.#clock.sleep(graceMs, waited.signal),
      ]);
      waited.abort();
    }
    this.#stopped.abort();
    await this.#sender.destroy();
  }

  status(): DeliveryStatus {
    return statusOf(this.#diagnostics, this.#sender);
  }

  /** Memory is bounded by loading no more than is needed soon. */
  #hasRoom(): boolean {
    const ahead = this.#destination.concurrency * BATCHES_AHEAD * this.#backlog.mostEvents;
    return this.#loading + this.#backlog.events < ahead;
  }

  get #isDrained(): boolean {
    return this.#sender.inFlight === 0 && this.#undertaker.pending === 0;
  }

  #progressed(): void {
    this.#dispatcher.recheck();
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  /** Never rejects: what goes wrong is tried again until it is done or the shipper is stopped. */
  async #deliver(chunk: SealedChunk, done: () => void): Promise<void> {
    this.#loading += chunk.events;
    const loaded = await this.#load(chunk);
    this.#loading -= chunk.events;
    if (this.#stopped.signal.aborted) return;
    if (loaded === undefined) {
      done();
    } else if (chunk.events === 0) {
      this.#queue.settled(chunk, { delivered: 0, duplicates: 0, dead: 0 });
      done();
    } else {
      this.#backlog.add(
        new ChunkDelivery(loaded, ({ settlement }) => {
          if (this.#stopped.signal.aborted) return;
          this.#queue.settled(chunk, settlement);
          done();
        }),
      );
    }
    this.#sender.pump();
  }

  /** @returns undefined when the chunk turned out to be corrupt and is out of the way */
  async #load(chunk: SealedChunk): Promise<LoadedChunk | undefined> {
    const { signal } = this.#stopped;
    let corrupt: CorruptChunkError | undefined;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        if (corrupt === undefined) return await this.#queue.load(chunk);
        await this.#queue.quarantine(chunk, corrupt);
        return undefined;
      } catch (error) {
        if (corrupt === undefined && error instanceof CorruptChunkError) {
          corrupt = error;
          continue;
        }
        const problem = error instanceof Error ? error.message : String(error);
        const waitMs = fullJitterMs(backoffBaseMs(this.#destination), BACKOFF_CAP_MS, failures, this.#random);
        this.#diagnostics.batchFailed(`${chunk.file} cannot be read: ${problem}`, waitMs, failures + 1);
        await this.#aside(chunk, this.#clock.sleep(waitMs, signal));
      }
    }
    return undefined;
  }

  /** While it waits, a chunk takes no room: others are not held up by a part of the disk that cannot be read. */
  async #aside(chunk: SealedChunk, wait: Promise<void>): Promise<void> {
    this.#loading -= chunk.events;
    this.#dispatcher.recheck();
    await wait;
    this.#loading += chunk.events;
  }
}
