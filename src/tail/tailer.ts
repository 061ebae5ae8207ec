/**
 * Follows all sources: one loop that looks at the folders when it is time, gives every log some buffers-full in turn,
 * and sleeps until an event or the next poll when nobody has anything. While logs are so busy that events would only
 * wake it for nothing, the folders are not watched, and the logs are read now and then. Only one read and one delivery
 * are under way at any time, so all readers share one buffer, and memory does not depend on the number or size of the
 * logs.
 */
import { systemClock } from '../clock.ts';
import type { Clock, ReadProgress, SourceSurvey } from '../types.ts';
import type { Family } from './family.ts';
import { followersFor, type FollowerOptions } from './followers.ts';
import type { SourceFollower } from './source.ts';
import { FolderWatcher } from './watch.ts';

const POLL_MS = 1000;
/**
 * After an event, more are awaited so long: a busy log causes one wake-up instead of one for each write. It delays the
 * last line before a pause, too, which is to be delivered within `inactive_timeout` and 100 ms.
 */
const GATHER_MS = 75;
/** So many during one gathering, or one for each log if that is more, and the folders are not watched any more. */
const LEAST_BUSY_EVENTS = 3;
/** Of one log, so that few chunks are filled with much instead of many with little; milliseconds, for the other logs. */
const TURNS_IN_A_ROW = 8;
/** The folders are looked at every POLL_MS, unless reading is held up. */
const STALE_MS = 15_000;
const MS_PER_S = 1000;

export interface TailerOptions extends FollowerOptions {
  readonly clock?: Clock;
  /** At least this often the folders are looked at. */
  readonly pollMs?: number;
  /** False: no file-system events, only the poll. */
  readonly watch?: boolean;
}

export class Tailer {
  readonly #sources: readonly SourceFollower[];
  readonly #watcher: FolderWatcher | undefined;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** An event came since the last sleep; `#wake` ends the one under way. */
  #woken = false;
  #wake = (): void => undefined;
  /** The sleep until the next poll, which an event does not end: aborting a timer costs more than leaving it. */
  #poll: Promise<void> | undefined;
  /** That came during the last gathering. */
  #events = 0;
  /** The folders are not watched. */
  #resting = false;
  #lookWanted = false;
  #lookedAt = 0;

  constructor(options: TailerOptions) {
    const { clock = systemClock, pollMs = POLL_MS } = options;
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#sources = followersFor(options);
    if (options.watch !== false) {
      this.#watcher = new FolderWatcher((folder, renamed, name) => this.#onEvent(folder, renamed, name));
    }
  }

  /** Resolves when every log that exists is open: what is written from now on will be delivered. */
  async start(): Promise<void> {
    const looked = this.#look();
    this.#running = looked.then(() => this.#run());
    await looked;
  }

  /** Resolves when the delivery in flight is over and all descriptors are closed. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  progress(): readonly ReadProgress[] {
    return this.#sources.flatMap((source) => source.survey().files);
  }

  /** By path of the source: what is unread now, and what is not known. */
  survey(): ReadonlyMap<string, SourceSurvey> {
    const staleMs = performance.now() - this.#lookedAt;
    const surveys = new Map<string, SourceSurvey>();
    for (const source of this.#sources) {
      const { path } = source;
      const now = source.survey();
      const reason = `reading is held up: its folder was looked at ${Math.round(staleMs / MS_PER_S)} s ago`;
      const unknown = staleMs < STALE_MS ? now.unknown : [...now.unknown, { path, reason }];
      surveys.set(path, { ...now, unknown });
    }
    return surveys;
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    this.#watcher?.close();
    for (const source of this.#sources) await source.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#lookWanted || performance.now() - this.#lookedAt >= this.#pollMs) await this.#look();
      if (!(await this.#round())) await this.#sleep();
    }
  }

  async #look(): Promise<void> {
    this.#lookWanted = false;
    this.#lookedAt = performance.now();
    const folders = new Map<string, string>();
    // All of them first: what one follows is no rotated file of another.
    for (const source of this.#sources) await source.expand();
    for (const source of this.#sources) {
      await source.look();
      for (const [folder, identity] of source.folders) folders.set(folder, identity);
    }
    if (!this.#resting) this.#watcher?.follow(folders);
  }

  /** Some turns for every log that may have something. False when none had. */
  async #round(): Promise<boolean> {
    let progress = false;
    for (const source of this.#sources) {
      for (const family of source.families) {
        for (let turns = 0; family.awake && turns < TURNS_IN_A_ROW; turns++) {
          if (this.#stopping.signal.aborted) return false;
          // Before the turn: an event during it is not to be slept over.
          family.awake = false;
          if (!(await source.turn(family))) break;
          family.awake = true;
          progress = true;
        }
      }
    }
    return progress;
  }

  async #sleep(): Promise<void> {
    const { signal } = this.#stopping;
    if (this.#resting) return this.#sleepUnwatched();
    if (!this.#woken) {
      const left = Math.max(this.#pollMs - (performance.now() - this.#lookedAt), 1);
      this.#poll ??= this.#clock.sleep(left, signal).finally(() => (this.#poll = undefined));
      await Promise.race([this.#poll, new Promise<void>((resolve) => (this.#wake = resolve))]);
    }
    if (!this.#woken) return;
    this.#events = 0;
    await this.#gather();
    this.#woken = false;
    // An event costs about as much as a look at a log.
    if (this.#events > Math.max(LEAST_BUSY_EVENTS, this.#families().length)) this.#rest();
  }

  async #gather(): Promise<void> {
    await this.#clock.sleep(Math.min(GATHER_MS, this.#pollMs), this.#stopping.signal);
  }

  #rest(): void {
    this.#resting = true;
    this.#watcher?.close();
    for (const family of this.#families()) family.active = true;
  }

  /** As long as something was delivered since the last time. Then the folders are looked at and watched again. */
  async #sleepUnwatched(): Promise<void> {
    const families = this.#families();
    if (families.some(({ active }) => active)) {
      await this.#gather();
    } else {
      this.#resting = false;
      this.#lookWanted = true;
    }
    for (const family of families) {
      family.active = false;
      family.awake = true;
    }
  }

  #families(): Family[] {
    return this.#sources.flatMap(({ families }) => [...families]);
  }

  #onEvent(folder: string, renamed: boolean, name: string | null): void {
    if (renamed || name === null) this.#lookWanted = true;
    for (const source of this.#sources) source.wake(folder, name);
    this.#events++;
    if (this.#woken) return;
    this.#woken = true;
    this.#wake();
  }
}
