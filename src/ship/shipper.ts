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
import { ChunkDispatcher, type DeliveryPlace } from './dispatcher.ts';
import { BACKOFF_CAP_MS, backoffBaseMs } from './outcomes.ts';
import { Sender } from './sender.ts';
import { statusOf } from './status.ts';
import { Suspects } from './suspects.ts';
import { Undertaker } from './undertaker.ts';

export interface ShipperOptions {
  /** With its secrets resolved: `token` and `proxy` are literals. */
  readonly destination: LagoDestinationConfig;
  readonly queue: DeliveryQueue;
  readonly reporter: Reporter;
  /** Reads the token again; undefined when it does not come from a file, or that cannot be read. */
  readonly readToken?: () => Promise<string | undefined>;
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
  /**
   * Deliveries that are under way, or were when it stopped: `status` counts what is settled in them, by event. The
   * books count chunks: what is not settled as a whole will be sent again, and Lago tells what it has.
   */
  readonly #open = new Set<ChunkDelivery>();
  /** Events of chunks that are being loaded. */
  #loading = 0;
  /** How often chunks (by number) could not be loaded. */
  readonly #failures = new Map<number, number>();
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
    const diagnostics = new Diagnostics(config, reporter, clock);
    const suspects = new Suspects({
      config,
      clock,
      random,
      diagnostics,
      signal,
      endpoints: () => this.#sender.endpoints,
      resume: () => this.#sender.pump(),
    });
    const backlog = new Backlog(Math.min(config.batch_max_size, LAGO_BATCH_LIMIT), suspects);
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
      readToken: options.readToken ?? (() => Promise.resolve(undefined)),
      progressed: () => this.#progressed(),
    });
    this.#dispatcher = new ChunkDispatcher({
      queue,
      // Chunks of one event each must be able to fill the link, too.
      concurrent: Math.max(8, config.concurrency * BATCHES_AHEAD),
      // While it is down or held, a chunk is at hand to ask with: what failed before must not be all that is asked with.
      ready: () => (this.#sender.usable || this.#lacksFresh) && this.#hasRoom(),
      deliver: (chunk, place) => void this.#deliver(chunk, place),
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
    return statusOf(this.#diagnostics, this.#sender, this.#open, this.#backlog.suspects);
  }

  get #lacksFresh(): boolean {
    return this.#loading === 0 && !this.#backlog.hasFresh;
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

  /** Never throws: what goes wrong is tried again until it is done or the shipper is stopped. */
  async #deliver(chunk: SealedChunk, place: DeliveryPlace): Promise<void> {
    this.#loading += chunk.events;
    const loaded = await this.#queue.load(chunk).catch((error: unknown) => asError(error));
    this.#loading -= chunk.events;
    if (this.#stopped.signal.aborted) return;
    if (loaded instanceof Error) {
      // Others are not held up by a part of the disk that cannot be read.
      place.leave(this.#mended(chunk, loaded));
    } else if (chunk.events === 0) {
      this.#queue.settled(chunk, { delivered: 0, duplicates: 0, dead: 0 });
      place.settled();
    } else {
      this.#failures.delete(chunk.sequence);
      const delivery = this.#deliveryOf(loaded, place);
      this.#open.add(delivery);
      this.#backlog.add(delivery);
    }
    this.#sender.pump();
  }

  #deliveryOf(loaded: LoadedChunk, place: DeliveryPlace): ChunkDelivery {
    const { chunk } = loaded;
    // Of a chunk that has left its place.
    let settleAway: (() => void) | undefined;
    const settled = (delivery: ChunkDelivery): void => {
      if (this.#stopped.signal.aborted) return;
      // In the same turn: at each moment an event is counted once, here or in the books.
      this.#open.delete(delivery);
      this.#queue.settled(chunk, delivery.settlement);
      if (settleAway === undefined) place.settled();
      else settleAway();
    };
    const left = (): void => {
      place.leave(new Promise((resolve) => (settleAway = () => resolve(false))));
    };
    return new ChunkDelivery(loaded, { settled, left }, this.#destination.large_event_bytes);
  }

  /** Resolves when the chunk is worth another try: true. False when it is accounted for and out of the way. */
  async #mended(chunk: SealedChunk, cause: Error): Promise<boolean> {
    if (!(cause instanceof CorruptChunkError)) {
      await this.#wait(chunk, cause);
      return true;
    }
    while (!this.#stopped.signal.aborted) {
      try {
        const isThere = await this.#queue.restore(chunk, cause);
        this.#failures.delete(chunk.sequence);
        return isThere;
      } catch (error) {
        await this.#wait(chunk, asError(error));
      }
    }
    return false;
  }

  async #wait(chunk: SealedChunk, { message }: Error): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    const failures = this.#failures.get(chunk.sequence) ?? 0;
    this.#failures.set(chunk.sequence, failures + 1);
    const waitMs = fullJitterMs(backoffBaseMs(this.#destination), BACKOFF_CAP_MS, failures, this.#random);
    this.#diagnostics.batchFailed(`${chunk.file} cannot be read: ${message}`, waitMs, failures + 1);
    await this.#clock.sleep(waitMs, signal);
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
