/**
 * Brings chunks back whose files were damaged or deleted: their ranges of the log are read once more, and the same
 * events, byte for byte (the file's name tells their checksum), take the place of what was there, under the same name.
 * Nothing else changes, so the books need not know: the chunk waits as it did before.
 *
 *   a temporary file, synced ─▶ the damaged one gets a second name in the quarantine ─▶ renamed into its place, synced
 *
 * A crash anywhere leaves the damaged file or the mended one. Files that are gone leave nothing to be found by the
 * next start; so the checkpoint lists them until they are back (`absent`), and they are brought back at once, before
 * their log goes, too.
 *
 * Rules that have changed give other events, perhaps with other ids: these never take the place of the old ones.
 */
import { basename, dirname } from 'node:path';
import { CorruptChunkError, NewerChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { LogRanges } from '../log-range.ts';
import type { Clock, LineMapper, SealedChunk } from '../types.ts';
import type { AbsentChunks } from './absent-chunks.ts';
import { decodeChunk } from './chunk-format.ts';
import type { StateFolders } from './folders.ts';
import type { SpoolGate } from './gate.ts';
import { TEMPORARY } from './layout.ts';
import { keepAside } from './quarantine.ts';
import { RangeEvents } from './range-events.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import { isMissing, type StateFs } from './state-fs.ts';

/** Files are on the move under rotation: a search may miss one. */
const SEARCHES = 3;
/** Between two tries to bring back what is absent, while nobody asks for it. */
const PAUSE_MS = 60_000;

export interface RestorerOptions {
  readonly fs: StateFs;
  readonly folders: StateFolders;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  readonly logs: LogRanges;
  /** Maps the lines of a source as when they were read first. */
  readonly remap: (source: string) => LineMapper;
  /** From one search for a range to the next. */
  readonly searchAgainMs: number;
  readonly absent: AbsentChunks;
  readonly spare: SpareBuffers;
  readonly gate: SpoolGate;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What became of one attempt: why the chunk is not whole. */
type Failure = 'nowhere' | 'other events';

const REASONS: Readonly<Record<Failure, string>> = {
  nowhere: 'are nowhere to be found',
  'other events': 'give other events now than with the rules of that time',
};

export class Restorer {
  readonly #o: RestorerOptions;
  #last: Promise<unknown> = Promise.resolve();
  #bringing = false;
  #busyWith: number | undefined;

  constructor(options: RestorerOptions) {
    this.#o = options;
  }

  /**
   * Resolves when the chunk is whole and durable again, or to the reason why it will not be. Rejects when that is worth
   * another try: the log or the disk refuses.
   */
  async restore(chunk: SealedChunk): Promise<string | undefined> {
    const { clock, signal, searchAgainMs } = this.#o;
    let failure: Failure | undefined;
    for (let search = 0; search < SEARCHES; search++) {
      if (search > 0) await clock.sleep(searchAgainMs, signal);
      signal.throwIfAborted();
      const result = await this.#inTurn(() => this.#attempt(chunk));
      if (result === undefined) return undefined;
      failure = result;
    }
    const { from, to } = chunk;
    return `its ${chunk.events} events are lost: bytes ${from} to ${to} of its log ${REASONS[failure ?? 'nowhere']}`;
  }

  /** The chunk's file is being made: it is not to be deleted now. */
  isBusyWith(sequence: number): boolean {
    return sequence === this.#busyWith;
  }

  /** Brings back what is absent, one chunk after the other, though nobody asks for it yet. */
  async bringBack(): Promise<void> {
    if (this.#bringing) return;
    this.#bringing = true;
    const { absent, clock, signal } = this.#o;
    while (absent.size > 0 && !signal.aborted) {
      let back = 0;
      for (const chunk of absent.chunks()) {
        if (signal.aborted) break;
        // What cannot be brought back now is given up only when it is its turn to be delivered.
        const failure = await this.#inTurn(async () =>
          absent.has(chunk) ? this.#attempt(chunk) : undefined,
        ).catch(() => 'nowhere');
        if (failure === undefined) back++;
      }
      if (absent.size > 0 && back === 0) await clock.sleep(PAUSE_MS, signal);
    }
    this.#bringing = false;
  }

  /** Resolves when nothing is under way. */
  async drained(): Promise<void> {
    await this.#last;
  }

  /** One range at a time: memory is that of one chunk. Undefined when the chunk is whole. */
  async #attempt(chunk: SealedChunk): Promise<Failure | undefined> {
    const { signal } = this.#o;
    signal.throwIfAborted();
    this.#busyWith = chunk.sequence;
    try {
      return await this.#mend(chunk);
    } finally {
      this.#busyWith = undefined;
    }
  }

  async #mend(chunk: SealedChunk): Promise<Failure | undefined> {
    const { fs, absent, folders, destinations, remap, spare, clock, logs, reporter } = this.#o;
    const damage = await this.#damage(chunk);
    if (damage === undefined) {
      await fs.syncDir(dirname(chunk.file));
      absent.delete(chunk);
      return undefined;
    }
    if (isMissing(damage.cause)) {
      await folders.ensure();
      absent.add(chunk);
    }
    const events = new RangeEvents({ chunk, destinations, mapperOf: remap, spare, now: clock.now() });
    try {
      const path = await logs.read(chunk, events);
      if (path === undefined) return events.isComplete ? 'other events' : 'nowhere';
      const file = events.file();
      const aside = await this.#replace(chunk, file, !isMissing(damage.cause));
      this.#resize(chunk, file);
      absent.delete(chunk);
      reporter.report({
        event: 'chunk_restored',
        destination: chunk.destination,
        file: aside ?? chunk.file,
        path,
        events: chunk.events,
        error: damage,
      });
      return undefined;
    } finally {
      events.recycle();
    }
  }

  /** What is wrong with the file; undefined when it is whole. */
  async #damage(chunk: SealedChunk): Promise<CorruptChunkError | undefined> {
    const { file } = chunk;
    try {
      decodeChunk(chunk, await this.#o.fs.read(file));
      return undefined;
    } catch (error) {
      // Not ours to judge.
      if (error instanceof NewerChunkError) return undefined;
      if (error instanceof CorruptChunkError) return error;
      if (!isMissing(error)) throw error;
      return new CorruptChunkError(file, 'somebody has deleted the file', { cause: error });
    }
  }

  /** @returns where the damaged file is kept; undefined when there is none, or no way to keep it */
  async #replace(
    chunk: SealedChunk,
    parts: readonly Buffer[],
    isThere: boolean,
  ): Promise<string | undefined> {
    const { fs, folders } = this.#o;
    const { file } = chunk;
    const temporary = file + TEMPORARY;
    try {
      await fs.write(temporary, parts);
      const name = `${chunk.destination}-${basename(file)}`;
      const kept = isThere ? keepAside(fs, folders.layout, file, name) : undefined;
      const aside = await kept?.catch(() => undefined);
      await fs.rename(temporary, file);
      await fs.syncDir(dirname(file));
      return aside;
    } catch (error) {
      await fs.remove(temporary).catch(() => {});
      throw error;
    }
  }

  #resize(chunk: SealedChunk, parts: readonly Buffer[]): void {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    this.#o.gate.grow(bytes - chunk.bytes);
    chunk.bytes = bytes;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
