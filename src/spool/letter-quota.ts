/**
 * What the dead letters take of the disk, against `dead.max_bytes`. Letters of lines beyond it are left out (`sample`) or
 * reading pauses (`pause`). Letters of events are always written, and count. Files that somebody clears away give their
 * bytes back without a restart: the folder is looked at now and then.
 */
import { join } from 'node:path';
import type { DeadConfig } from '../config/types.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock } from '../types.ts';
import type { SpoolGate } from './gate.ts';
import type { StateFs } from './state-fs.ts';

/** While the quota is reached, and whenever somebody asks. */
const LOOK_MS = 1000;
/** While letters are written. */
const SELDOM_MS = 10_000;
/** It counts as reached until there is less than this share of it, so that it does not flap. */
const REOPEN_SHARE = 0.95;

export interface LetterQuotaOptions {
  readonly fs: StateFs;
  readonly folder: string;
  readonly limits: DeadConfig;
  readonly gate: SpoolGate;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class LetterQuota {
  readonly #o: LetterQuotaOptions;
  #bytes = 0;
  /** Of letters that were admitted and are not written yet, about. */
  #admitted = 0;
  #lookedAt = -Infinity;
  #isFull = false;
  /** Letters left out since it was reached. */
  #leftOut = 0;

  constructor(options: LetterQuotaOptions) {
    this.#o = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Letters of lines are being left out. */
  get isSampling(): boolean {
    return this.#isFull && this.#o.limits.on_full === 'sample';
  }

  /**
   * How many of the first letters may be written; the caller leaves the others out, and says when these are `written`.
   * @param most bytes that they can take @param sizesOf the bytes of each, asked for only when there may be no room for all
   */
  async admit(letters: number, most: number, sizesOf: () => readonly number[]): Promise<number> {
    await this.look(this.#isFull ? LOOK_MS : SELDOM_MS);
    const { max_bytes: max, on_full: onFull } = this.#o.limits;
    const taken = this.#bytes + this.#admitted;
    this.#admitted += most;
    if (onFull === 'pause') return letters;
    if (this.#isFull) return 0;
    if (taken + most <= max) return letters;
    let bytes = taken;
    const fitting = sizesOf().findIndex((size) => (bytes += size) > max);
    if (fitting < 0) return letters;
    // At once: the next range is about to ask.
    this.#reached();
    return fitting;
  }

  /** Letters that were admitted as taking so much are written (see `grow`), or there were none. */
  written(most: number): void {
    this.#admitted = Math.max(0, this.#admitted - most);
  }

  /** So many letters are left out, durably. */
  leftOut(letters: number): void {
    this.#leftOut += letters;
  }

  /** So many bytes were written. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    const { limits } = this.#o;
    if (limits.on_full === 'pause' && this.#bytes >= limits.max_bytes) this.#reached();
  }

  /** Sums up the files, unless that was done a moment ago. Never rejects. */
  async look(notSinceMs = LOOK_MS): Promise<void> {
    const { fs, folder, clock, limits } = this.#o;
    const now = clock.now();
    if (Math.abs(now - this.#lookedAt) < notSinceMs) return;
    this.#lookedAt = now;
    const before = this.#bytes;
    try {
      let bytes = 0;
      for (const file of await fs.list(folder)) bytes += (await fs.size(join(folder, file))) ?? 0;
      // What was written meanwhile is in it or not.
      this.#bytes = Math.max(bytes, bytes + this.#bytes - before);
    } catch {
      // A folder that cannot be read: what is known has to do.
    }
    if (this.#bytes + this.#admitted <= limits.max_bytes * REOPEN_SHARE) this.#over();
    else if (limits.on_full === 'pause' && this.#bytes >= limits.max_bytes) this.#reached();
  }

  #reached(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const { limits, folder, reporter, gate } = this.#o;
    const { max_bytes: maxBytes, on_full: onFull } = limits;
    if (onFull === 'sample')
      reporter.report({ event: 'letters_sampled', folder, bytes: this.#bytes, maxBytes });
    else gate.close('dead_full', `${folder} holds ${this.#bytes} of ${maxBytes} bytes (dead.max_bytes)`);
    void this.#watch();
  }

  #over(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    const { limits, folder, reporter, gate } = this.#o;
    if (limits.on_full === 'sample') {
      reporter.report({ event: 'letters_kept_again', folder, bytes: this.#bytes, letters: this.#leftOut });
    } else gate.open('dead_full');
    this.#leftOut = 0;
  }

  async #watch(): Promise<void> {
    const { clock, signal } = this.#o;
    while (this.#isFull && !signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      if (!signal.aborted) await this.look();
    }
  }
}
