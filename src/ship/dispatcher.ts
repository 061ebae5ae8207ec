/**
 * Which chunks are being delivered: better-queue runs one task per sealed chunk. The spool's files are the queue;
 * better-queue sees a window of a few tens of them, refilled from the folder, so its memory does not grow with the
 * backlog. It never sees a failure: a chunk is a running task until it is settled or leaves its place for a while, and
 * retries are made below.
 *
 * How better-queue really behaves (3.8.12), and what follows from it here:
 * - A `precondition` that fails is asked again after a second, by a timer that keeps the process alive. So it never
 *   fails: the answer to the first question is withheld until `recheck` finds it to be yes, and further questions
 *   meanwhile are dropped (each later push and end asks anew).
 * - After a precondition passed it starts tasks until only one place is free. So it is told of one place more.
 * - `destroy` breaks callbacks of tasks that still run. So stopping only pauses it.
 */
import BetterQueue from 'better-queue';
import type { DeliveryQueue, SealedChunk } from '../types.ts';

export interface DispatcherOptions {
  readonly queue: Pick<DeliveryQueue, 'take'>;
  /** Chunks in delivery at a time. */
  readonly concurrent: number;
  /** The precondition: whether another chunk can be worked on now. */
  readonly ready: () => boolean;
  /** Delivers a chunk: tells `place` when every event of it is settled. Must not throw. */
  readonly deliver: (chunk: SealedChunk, place: DeliveryPlace) => void;
}

/** The place of a chunk among those in delivery. Exactly one of the calls is made for each time that it is delivered. */
export interface DeliveryPlace {
  settled(): void;
  /**
   * The chunk cannot be delivered before `until` resolves: then it is delivered again, or, with false, it is settled.
   * Others may have its place meanwhile.
   */
  leave(until: Promise<boolean>): void;
}

/** Chunks that may have left their places: beyond it they keep them, as memory must not grow with what is damaged. */
const MOST_AWAY = 1000;

export class ChunkDispatcher {
  readonly #options: DispatcherOptions;
  readonly #window: number;
  readonly #tasks: BetterQueue<SealedChunk, void>;
  /** Taken from the queue and not settled, but for those … */
  #outstanding = 0;
  /** … that have left their places. */
  #away = 0;
  #withheld: (() => void) | undefined;
  #running = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#window = Math.max(32, options.concurrent * 2);
    this.#tasks = new BetterQueue<SealedChunk, void>({
      process: (chunk: SealedChunk, finished) => {
        this.#deliver(chunk, finished);
      },
      id: 'sequence',
      concurrent: options.concurrent + 1,
      failTaskOnProcessException: false,
      precondition: (answer) => {
        if (options.ready()) answer(null, true);
        else this.#withheld ??= () => answer(null, true);
      },
    });
  }

  start(): void {
    this.#running = true;
    this.refill();
  }

  /** Takes chunks into the window as far as there is room. */
  refill(): void {
    if (!this.#running) return;
    const chunks = this.#options.queue.take(this.#window - this.#outstanding);
    this.#outstanding += chunks.length;
    for (const chunk of chunks) this.#tasks.push(chunk);
    if (this.#outstanding === 0 && this.#away === 0) this.#tellIdle();
  }

  /** The precondition may hold now. Cheap: to be called whenever it might. */
  recheck(): void {
    const answer = this.#withheld;
    if (answer === undefined || !this.#running || !this.#options.ready()) return;
    this.#withheld = undefined;
    answer();
  }

  /** Starts no more chunks and takes no more. */
  stop(): void {
    this.#running = false;
    this.#tasks.pause();
    this.#tellIdle();
  }

  /** Resolves when the queue gave no chunk and all that were taken are settled, or when stopped. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      if (this.#running) this.refill();
      else this.#tellIdle();
    });
  }

  #deliver(chunk: SealedChunk, finished: () => void): void {
    this.#options.deliver(chunk, {
      settled: () => this.#settled(finished),
      leave: (until) => {
        if (this.#away >= MOST_AWAY) void this.#stay(chunk, finished, until);
        else void this.#leave(chunk, finished, until);
      },
    });
  }

  #settled(finished: () => void): void {
    this.#outstanding--;
    finished();
    this.refill();
  }

  async #leave(chunk: SealedChunk, finished: () => void, until: Promise<boolean>): Promise<void> {
    this.#away++;
    this.#settled(finished);
    const isThere = await until;
    this.#away--;
    if (!this.#running) return;
    if (isThere) {
      this.#outstanding++;
      this.#tasks.push(chunk);
    } else {
      this.refill();
    }
  }

  async #stay(chunk: SealedChunk, finished: () => void, until: Promise<boolean>): Promise<void> {
    const isThere = await until;
    if (!this.#running) return;
    if (isThere) this.#deliver(chunk, finished);
    else this.#settled(finished);
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
