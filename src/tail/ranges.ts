/**
 * Reads parts of logs once more, for whoever has lost what was made of them. A log is found by its fingerprint among
 * what its source names, where its generations were last seen, and the rotated relatives of all these; and among the
 * files of a replay. Which of several logs that begin alike is the right one, the visitor decides by what it gets.
 *
 * Lines are cut by the same reader as when they were read first. Logs stay open for a while: consecutive ranges cost
 * neither a search nor, of an archive, unpacking from the start.
 */
import { isSystemError } from '../errors.ts';
import type { LogRange, LogRanges, RangeVisitor } from '../log-range.ts';
import type { Clock, Generation, GenerationPosition } from '../types.ts';
import { LineReader, ReadBuffer, type Piece } from './line-reader.ts';
import { candidatesFor, findLogs, type FoundLog, type LogMemory } from './log-files.ts';
import { RangeContent } from './range-content.ts';
import type { TailSource } from './setup.ts';
import { isMissing } from './siblings.ts';

/** Open at a time: a few destinations may want ranges of a few logs in turn. */
const MOST_OPEN = 4;
/** What was not used for so long is closed. */
const IDLE_MS = 5000;
/** A search is good for so long. */
const FRESH_MS = 1000;

type RangeSource = Pick<TailSource, 'path' | 'max_line_bytes' | 'rotated'>;

export interface RangeReaderOptions {
  readonly sources: readonly RangeSource[];
  /** What is known of the generations of each source, by its path. */
  readonly positions: () => ReadonlyMap<string, readonly GenerationPosition[]>;
  readonly clock: Clock;
  /** Of archives also what does not verify: it was billed so. */
  readonly acceptDamaged?: boolean;
}

interface Search {
  readonly logs: readonly FoundLog[];
  /** Something there could not be read: it may be what is sought. */
  readonly trouble: Error | undefined;
  /** Unix ms. */
  readonly at: number;
}

interface OpenRangeLog {
  readonly content: RangeContent;
  readonly source: RangeSource;
  isUsed: boolean;
}

export class RangeReader implements LogRanges {
  readonly #o: RangeReaderOptions;
  readonly #memory: LogMemory = new Map();
  /** By source and fingerprint. */
  readonly #searches = new Map<string, Search>();
  /** Files of a replay, by source. */
  readonly #files = new Map<string, readonly string[]>();
  /** The one that was used last comes last. */
  #open: OpenRangeLog[] = [];
  #buffer: ReadBuffer | undefined;
  #closing = false;
  #last: Promise<unknown> = Promise.resolve();
  readonly #closed = new AbortController();

  constructor(options: RangeReaderOptions) {
    this.#o = options;
  }

  /** A file that may hold ranges of a source, wherever it lies. */
  add(source: string, file: string): void {
    this.#files.set(source, [...(this.#files.get(source) ?? []), file]);
    this.#searches.clear();
  }

  /** One range at a time, whoever asks: memory is that of one reader. */
  read(range: LogRange, visitor: RangeVisitor): Promise<string | undefined> {
    return this.#inTurn(async () => {
      this.#closed.signal.throwIfAborted();
      return (await this.#readOpen(range, visitor)) ?? (await this.#seek(range, visitor));
    });
  }

  /** Resolves when the range that is being read has been, and all logs are closed. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('tailmeter is stopping'));
    await this.#inTurn(async () => {
      for (const log of this.#open) await this.#shut(log);
    });
  }

  async #readOpen(range: LogRange, visitor: RangeVisitor): Promise<string | undefined> {
    // The nearest one first: going on in an archive leaves what it passes behind.
    const open = this.#open
      .filter(({ content }) => content.offers(range))
      .toSorted((a, b) => b.content.floor - a.content.floor);
    for (const log of open) {
      if (await this.#deliver(log, range, visitor).catch(() => false)) {
        this.#open = [...this.#open.filter((other) => other !== log), log];
        log.isUsed = true;
        return log.content.log.path;
      }
      await this.#shut(log);
    }
    return undefined;
  }

  /** Those sources come first that know the log. */
  async #seek(range: LogRange, visitor: RangeVisitor): Promise<string | undefined> {
    let trouble: Error | undefined;
    let isAnyThere = false;
    const known = this.#o.positions();
    const knows = ({ path }: RangeSource): number =>
      known.get(path)?.some(({ fingerprint }) => fingerprint === range.fingerprint) === true ? 0 : 1;
    for (const source of this.#o.sources.toSorted((a, b) => knows(a) - knows(b))) {
      const search = await this.#search(source, range, known.get(source.path) ?? []);
      trouble ??= search.trouble;
      isAnyThere ||= search.logs.length > 0;
      const { dev = '', ino = '' } = this.#position(source, range, {}) ?? {};
      const sought = { dev, ino, fingerprint: range.fingerprint, offset: range.to };
      for (const found of candidatesFor(sought, search.logs)) {
        try {
          if (await this.#tryOne(found, source, range, visitor)) return found.path;
        } catch (error) {
          if (isTrouble(error)) trouble ??= error;
        }
      }
    }
    if (trouble !== undefined) throw trouble;
    // Its folder may just not be mounted.
    if (!isAnyThere) throw new Error('no log is there to read its events from again');
    return undefined;
  }

  async #search(
    source: RangeSource,
    { fingerprint }: LogRange,
    positions: readonly GenerationPosition[],
  ): Promise<Search> {
    const now = this.#o.clock.now();
    const key = `${source.path}\n${fingerprint}`;
    const last = this.#searches.get(key);
    if (last !== undefined && Math.abs(now - last.at) < FRESH_MS) return last;
    void this.#closeIdle();
    let trouble: Error | undefined;
    const unreadable = (_path: string, error: Error): void => {
      if (isTrouble(error)) trouble ??= error;
    };
    const alike = positions.filter((position) => position.fingerprint === fingerprint);
    const seen = [...(this.#files.get(source.path) ?? []), ...alike.map(({ path }) => path)];
    const logs = await findLogs(source, seen, unreadable, this.#memory).catch((error: Error) => {
      unreadable(source.path, error);
      return [];
    });
    const search = { logs, trouble, at: now };
    this.#searches.set(key, search);
    return search;
  }

  async #tryOne(
    found: FoundLog,
    source: RangeSource,
    range: LogRange,
    visitor: RangeVisitor,
  ): Promise<boolean> {
    const content = await RangeContent.open(found, this.#o.acceptDamaged === true ? 'salvage' : 'read');
    if (content === undefined) return false;
    const log = { content, source, isUsed: true };
    this.#open.push(log);
    try {
      if (await this.#deliver(log, range, visitor)) {
        if (this.#open.length > MOST_OPEN) await this.#shut(this.#open[0]!);
        return true;
      }
    } catch (error) {
      await this.#shut(log);
      throw error;
    }
    await this.#shut(log);
    return false;
  }

  async #deliver(
    { content, source }: OpenRangeLog,
    range: LogRange,
    visitor: RangeVisitor,
  ): Promise<boolean> {
    const { fingerprint, fingerprintBytes, kind, path, ...file } = content.log;
    const { dev, ino, twin } =
      this.#position(source, range, file) ??
      (kind === 'plain' ? { ...file, twin: undefined } : { dev: '', ino: '', twin: undefined });
    const generation: Generation = {
      dev,
      ino,
      fingerprint,
      fingerprintBytes,
      ...(twin === undefined ? {} : { twin }),
      path,
    };
    const { signal } = this.#closed;
    await content.goTo(range, signal);
    const lines = new LineReader(
      content,
      range.from,
      source.max_line_bytes,
      (this.#buffer ??= new ReadBuffer()),
    );
    visitor.begin(source.path, generation);
    const give = (piece: Piece): void => {
      if (piece.oversize) visitor.oversize(piece.offset);
      else visitor.lines(piece.bytes, piece.offset);
      lines.accept(piece);
    };
    for (;;) {
      signal.throwIfAborted();
      const piece = await lines.next();
      if (piece === 'scanned') continue;
      const rest = piece ?? (await lines.rest());
      if (rest === undefined) break;
      give(rest);
    }
    return lines.offset === range.to && visitor.isRight();
  }

  /** What the books call the generation: it may have been found in another file than it was read from. */
  #position(
    source: RangeSource,
    { fingerprint, to }: LogRange,
    file: { readonly dev?: string; readonly ino?: string },
  ): GenerationPosition | undefined {
    const alike = (this.#o.positions().get(source.path) ?? []).filter(
      (position) => position.fingerprint === fingerprint,
    );
    const reaching = alike.filter(({ offset }) => offset >= to);
    const here = reaching.findLast(({ dev, ino }) => dev === file.dev && ino === file.ino);
    return here ?? reaching.at(-1) ?? alike.at(-1);
  }

  async #shut(log: OpenRangeLog): Promise<void> {
    this.#open = this.#open.filter((other) => other !== log);
    await log.content.close();
  }

  /** Forgets what is not needed any more. */
  async #closeIdle(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const { signal } = this.#closed;
    do {
      await this.#o.clock.sleep(IDLE_MS, signal);
      await this.#inTurn(async () => {
        for (const log of this.#open) {
          if (!log.isUsed) await this.#shut(log);
          log.isUsed = false;
        }
      });
    } while (this.#open.length > 0 && !signal.aborted);
    this.#buffer = undefined;
    this.#memory.clear();
    this.#searches.clear();
    this.#closing = false;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Not what an archive says that is damaged, or being written still. */
function isTrouble(error: unknown): error is NodeJS.ErrnoException {
  return isSystemError(error) && !isMissing(error);
}
