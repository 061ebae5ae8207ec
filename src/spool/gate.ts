/**
 * Decides whether more lines may be taken. It closes when the spool or the dead letters are full, the disk is nearly so, a
 * seal fails, or the clock is wrong, by which times of lines are judged; the log itself is the buffer then. Tells when it
 * closes and when it opens again.
 */
import type { SpoolConfig } from '../config/types.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock } from '../types.ts';
import type { StateFs } from './state-fs.ts';

type Cause = 'full' | 'disk_low' | 'write_failed' | 'dead_full' | 'clock';

/** A full spool opens again below this share of `max_bytes`, so that it does not flap. */
const REOPEN_SHARE = 0.95;
const CHECK_MS = 1000;

export class SpoolGate {
  readonly #limits: SpoolConfig;
  readonly #fs: StateFs;
  readonly #root: string;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #builtMs: number;
  readonly #closed = new Map<Cause, string>();
  #opened = Promise.withResolvers<void>();
  #bytes = 0;
  #checkedAt = -Infinity;
  /** What the disk had then, less what was written since. */
  #free = Infinity;

  /** @param signal Aborts what waits at the gate. @param builtMs No right clock says an earlier time, Unix ms. */
  constructor(
    limits: SpoolConfig,
    fs: StateFs,
    root: string,
    reporter: Reporter,
    clock: Clock,
    signal: AbortSignal,
    builtMs = 0,
  ) {
    this.#builtMs = builtMs;
    this.#limits = limits;
    this.#fs = fs;
    this.#root = root;
    this.#reporter = reporter;
    this.#clock = clock;
    this.#signal = signal;
  }

  get isOpen(): boolean {
    return this.#closed.size === 0;
  }

  /** Why it is closed, for status. */
  get causes(): readonly Cause[] {
    return [...this.#closed.keys()];
  }

  /** Bytes of all chunks that are not yet deleted. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when it is open; rejects when the daemon stops. */
  async passable(): Promise<void> {
    while (!this.isOpen) {
      this.#signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const abort = (): void => aborted.reject(this.#signal.reason);
      this.#signal.addEventListener('abort', abort, { once: true });
      try {
        await Promise.race([this.#opened.promise, aborted.promise]);
      } finally {
        this.#signal.removeEventListener('abort', abort);
      }
    }
  }

  /** The spool has grown (or shrunk) by so many bytes. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    const { max_bytes: max } = this.#limits;
    if (this.#bytes >= max) {
      this.close('full', `the spool holds ${this.#bytes} of ${max} bytes (spool.max_bytes)`);
    } else if (this.#bytes <= max * REOPEN_SHARE) {
      this.open('full');
    }
  }

  close(cause: Cause, message: string): void {
    if (this.#closed.has(cause)) return;
    this.#closed.set(cause, message);
    this.#reporter.report({ event: 'spool_paused', cause, message });
  }

  open(cause: Cause): void {
    if (!this.#closed.delete(cause) || this.#closed.size > 0) return;
    this.#reporter.report({ event: 'spool_resumed' });
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
  }

  /** Closes while the clock says a time that cannot be. */
  checkClock(): void {
    const now = this.#clock.now();
    if (now >= this.#builtMs || this.#closed.has('clock')) return;
    const [said, built] = [now, this.#builtMs].map((ms) => new Date(ms).toISOString());
    this.close(
      'clock',
      `the clock of this host says ${said}, and this version was built on ${built}: the times of lines cannot be judged; set the clock`,
    );
    void this.#watchClock();
  }

  async #watchClock(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#clock.sleep(CHECK_MS, this.#signal);
      if (this.#clock.now() < this.#builtMs) continue;
      this.open('clock');
      return;
    }
  }

  /**
   * Looks at the free space, at most once a second unless so much was written meanwhile that it may be low; when it is,
   * goes on looking until it is not.
   */
  async checkDisk(): Promise<void> {
    if (this.#closed.has('disk_low') || !this.#isDue(this.#limits.min_free_bytes)) return;
    if (await this.#diskHasRoom()) return;
    void this.#watchDisk();
  }

  /**
   * Whether letters of refused events may be written: they let chunks go, which makes room. So while reading has
   * stopped they may take up to half of `min_free_bytes`.
   */
  async hasRoomForLetters(bytes: number): Promise<boolean> {
    const least = this.#limits.min_free_bytes / 2;
    if (this.#isDue(least + bytes)) await this.#look();
    return this.#free - bytes >= least || least === 0;
  }

  /** So many bytes were written below `state_dir`. */
  wrote(bytes: number): void {
    this.#free -= bytes;
  }

  #isDue(least: number): boolean {
    return Math.abs(this.#clock.now() - this.#checkedAt) >= CHECK_MS || this.#free < least;
  }

  async #look(): Promise<void> {
    this.#checkedAt = this.#clock.now();
    // A file system that cannot tell must not stop the daemon: a failing write will.
    this.#free = await this.#fs.freeBytes(this.#root).catch(() => Infinity);
  }

  async #watchDisk(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#clock.sleep(CHECK_MS, this.#signal);
      if (await this.#diskHasRoom()) return;
    }
  }

  async #diskHasRoom(): Promise<boolean> {
    const { min_free_bytes: least } = this.#limits;
    await this.#look();
    if (this.#free < least) {
      this.close('disk_low', `${this.#free} bytes free, fewer than ${least} (spool.min_free_bytes)`);
      return false;
    }
    this.open('disk_low');
    return true;
  }
}
