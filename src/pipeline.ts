/**
 * START HERE. Wires the stages:
 *
 *   access.log ─▶ tail ─▶ parse ─▶ map ─▶ spool ─▶ ship ─▶ Lago
 *
 * The order of durability, which every stage relies on:
 *
 *  1. The log is the first durable buffer. Lines are read at known offsets; until step 3 a crash re-reads them.
 *  2. Events collect in an open range in memory, per generation (spool/collector.ts).
 *  3. Sealing makes the range durable: its dead letters, then its chunks (spool/sealer.ts).
 *  4. The checkpoint follows a few times a second (spool/checkpointer.ts). Recovery takes the checkpoint and moves
 *     it forward by the chunks sealed after it (spool/recovery.ts).
 *  5. A sealed chunk is shipped. It is deleted once every event in it is settled (delivered, a known duplicate,
 *     or a durable dead letter) and a durable checkpoint says so. One that is damaged or gone is read from the log
 *     once more (spool/restorer.ts).
 *
 * The same line gives the same event, byte for byte, whenever it is read. So whatever a crash makes happen twice
 * is a duplicate that Lago recognises.
 *
 * `follow` runs this over growing files, `replay` over a list of finished ones. There is no other way.
 */
import { abandonedLogs, hasUnread } from './abandoned.ts';
import { BUILT_MS } from './build-date.ts';
import { systemClock } from './clock.ts';
import { readTokenAgain } from './config/secrets.ts';
import type { Config, SourceConfig } from './config/types.ts';
import {
  destinationStatus,
  lossStatus,
  notLookedAt,
  nothingUnderWay,
  sourceStatus,
  type Status,
} from './control/status.ts';
import { DamagedArchiveError, LogReadError } from './errors.ts';
import { compileMapper, mapperBytes } from './map/compile.ts';
import { IdSalt } from './map/id-salt.ts';
import { mappingId } from './map/mapping-id.ts';
import { limitsAt } from './map/plausible.ts';
import { KernelMemory, taken } from './kernel/memory.ts';
import type { Reporter } from './observe/events.ts';
import { Shipper } from './ship/shipper.ts';
import { Acknowledged } from './spool/acknowledged.ts';
import { add, noLines } from './spool/counts.ts';
import { IgnoredFiles } from './spool/ignored-files.ts';
import { Spool, spoolBytes } from './spool/spool.ts';
import { diskFs, type StateFs } from './spool/state-fs.ts';
import { noteUnverified } from './spool/unverified-book.ts';
import { readFinished, verifyAhead, type FinishedFile, type UnverifiedPart } from './tail/finished.ts';
import { followedPath } from './tail/followed-path.ts';
import { READ_BYTES } from './tail/line-reader.ts';
import { RangeReader } from './tail/ranges.ts';
import { resumeFinished } from './tail/resume.ts';
import { Tailer } from './tail/tailer.ts';
import type { Clock, LineMapper } from './types.ts';

export interface PipelineOptions {
  /** With secrets resolved. */
  readonly config: Config;
  readonly stateDir: string;
  readonly version: string;
  readonly reporter: Reporter;
  readonly clock?: Clock;
  readonly fs?: StateFs;
  /** The configuration file, for commands that are suggested to a person. */
  readonly configFile?: string;
  /** Replay: only lines whose event lies in [sinceMs, untilMs), Unix ms. */
  readonly window?: { readonly sinceMs?: number; readonly untilMs?: number };
  /** Replay: however old a time is, it is plausible. */
  readonly allowOld?: boolean;
  /** Reading pauses while the clock says an earlier time, Unix ms; when this version was built unless given. */
  readonly builtMs?: number;
  /** Replay: what is selected; the progress of another selection is not continued. */
  readonly plan?: string;
  /** Replay: what of an archive does not verify is read, too, and kept note of. */
  readonly acceptDamaged?: boolean;
}

/** A finished log and the source as whose it is read. */
export interface ReplayFile {
  readonly path: string;
  readonly source: SourceConfig;
}

export class Pipeline {
  readonly #o: PipelineOptions;
  readonly #spool: Spool;
  readonly #ignored: IgnoredFiles;
  /** Logs are read into it. */
  readonly #readInto: Buffer;
  readonly #ranges: RangeReader;
  readonly #shippers: ReadonlyMap<string, Shipper>;
  readonly #mappers: ReadonlyMap<string, LineMapper>;
  readonly #startedMs = Date.now();
  readonly #acknowledged: Acknowledged;
  /** What a replay has read though it does not verify. */
  readonly unverified: {
    readonly path: string;
    readonly from: number;
    readonly to: number;
    readonly lines: number;
  }[] = [];
  #forgetsProgress = false;
  #tailer: Tailer | undefined;

  /** Recovers the state and starts shipping what waits in the spool; reading starts with `follow` or `replay`. */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const { config, stateDir, reporter, clock = systemClock, fs = diskFs, plan } = options;
    const destinations = config.destinations.map(({ name }) => name);
    const memory = memoryFor(config);
    const { buffer: readInto } = memory.block(READ_BYTES);
    const mapped = { ...options, memory };
    const mappers = new Map(config.sources.map((source) => [source.path, mapperFor(mapped, source)]));
    const shippers = new Map<string, Shipper>();
    // Of their own, so as not to count lines twice.
    const remappers = new Map<string, LineMapper>();
    const { sources } = config;
    const sourceAt = (path: string): SourceConfig => sources.find((source) => source.path === path)!;
    const remap = (path: string): LineMapper => {
      const mapper = remappers.get(path) ?? mapperFor(mapped, sourceAt(path));
      remappers.set(path, mapper);
      return mapper;
    };
    let opened: Spool | undefined;
    const ranges = new RangeReader({
      sources,
      positions: () => opened?.positions() ?? new Map(),
      clock,
      ...(options.acceptDamaged === undefined ? {} : { acceptDamaged: options.acceptDamaged }),
    });
    const spool = await Spool.open({
      fs,
      stateDir,
      limits: config.spool,
      dead: config.dead,
      destinations,
      mappers,
      mapping: mappingId(config),
      bufferDurationMs: shortest(config, 'buffer_duration'),
      inactiveTimeoutMs: shortest(config, 'inactive_timeout'),
      reporter,
      clock,
      ...(plan === undefined ? {} : { plan }),
      logs: ranges,
      remap,
      searchAgainMs: Math.max(...sources.map((source) => source.rotate_wait)) * 1000,
      memory,
      limitsAt: (source, nowMs) => limitsAt(sourceAt(source), nowMs, options.allowOld),
      builtMs: options.builtMs ?? BUILT_MS,
      followed: followedPath,
      wake: (destination) => shippers.get(destination)?.wake(),
    });
    opened = spool;
    for (const destination of config.destinations) {
      const queue = spool.queue(destination.name);
      shippers.set(
        destination.name,
        new Shipper({
          destination,
          queue,
          reporter,
          clock,
          version: options.version,
          readToken: () => readTokenAgain(destination),
        }),
      );
    }
    const ignored = await IgnoredFiles.open(fs, stateDir);
    return new Pipeline(options, readInto, { spool, ignored }, ranges, shippers, mappers);
  }

  private constructor(
    options: PipelineOptions,
    readInto: Buffer,
    { spool, ignored }: { readonly spool: Spool; readonly ignored: IgnoredFiles },
    ranges: RangeReader,
    shippers: ReadonlyMap<string, Shipper>,
    mappers: ReadonlyMap<string, LineMapper>,
  ) {
    this.#o = options;
    this.#readInto = readInto;
    this.#spool = spool;
    this.#ignored = ignored;
    this.#ranges = ranges;
    this.#shippers = shippers;
    this.#mappers = mappers;
    this.#acknowledged = new Acknowledged(options.stateDir);
    for (const shipper of shippers.values()) shipper.start();
  }

  /** Follows the configured sources until `stop`. */
  async follow(): Promise<void> {
    const { config, reporter, clock = systemClock } = this.#o;
    this.#reportAbandoned();
    this.#tailer = new Tailer({
      sources: config.sources,
      positions: this.#spool.positions(),
      consumer: this.#spool.intake,
      reporter,
      clock,
      startedMs: this.#startedMs,
      readInto: this.#readInto,
      ignored: {
        of: (source) => this.#ignored.of(source),
        keep: (source, files) => this.#ignored.keep(source, files),
        isReplayed: (file) => this.#ignored.isReplayed(file),
        command: (source, path) => replayCommand(this.#o, source, path),
      },
    });
    await this.#tailer.start();
  }

  /** Tells of logs that nobody reads on since their source was removed or renamed. */
  #reportAbandoned(): void {
    const { config, reporter } = this.#o;
    for (const { source, path, offset } of abandonedLogs(config.sources, this.#spool.positions())) {
      reporter.report({ event: 'source_unknown', source, path, offset });
    }
  }

  /**
   * Reads finished logs to their ends; resolves when every event of theirs is durable, to why some could not be read (any
   * further).
   */
  async replay(files: readonly ReplayFile[], signal: AbortSignal): Promise<LogReadError[]> {
    const failures: LogReadError[] = [];
    for (const { path, source } of files) this.#ranges.add(source.path, path);
    for (const [index, { path, source }] of files.entries()) {
      const next = files[index + 1];
      const ahead = next === undefined ? undefined : verifyAhead(next.path, signal);
      try {
        const logs = await readFinished([path], {
          source: source.path,
          maxLineBytes: source.max_line_bytes,
          consumer: this.#spool.intake,
          signal,
          readInto: this.#readInto,
          resume: (generation, open) =>
            resumeFinished(this.#spool.positions().get(source.path) ?? [], generation, open),
          ...(this.#o.acceptDamaged === true && {
            acceptDamaged: (part) => this.#acceptUnverified(source.path, part),
          }),
        });
        for (const log of logs) await this.#noteUnverified(log);
      } catch (error) {
        if (!(error instanceof LogReadError)) throw error;
        failures.push(error);
        const { cause } = error;
        if (cause instanceof DamagedArchiveError) {
          const { from, to, unpackedFrom, reason } = cause;
          this.#o.reporter.report({
            event: 'archive_damaged',
            source: source.path,
            path,
            from,
            to,
            unpackedFrom,
            reason,
          });
        }
      } finally {
        await ahead;
      }
    }
    await this.#spool.flush();
    return failures;
  }

  /** Before the first of its lines is read: whatever happens then, it can be told which events came of it. */
  async #acceptUnverified(source: string, part: UnverifiedPart): Promise<void> {
    const { path, from: unpackedFrom, damage } = part;
    const { from, to, reason } = damage;
    this.#o.reporter.report({ event: 'unverified_accepted', source, path, from, to, unpackedFrom, reason });
    await this.#note(part, {});
  }

  async #noteUnverified({ bytes, unverified }: FinishedFile): Promise<void> {
    if (unverified === undefined) return;
    const { path, lines } = unverified;
    this.unverified.push({ path, from: unverified.from, to: bytes, lines });
    // A run that goes on behind the range finds nothing new in it.
    if (lines > 0) await this.#note(unverified, { to: bytes, lines });
  }

  async #note(
    { path, from, generation, damage }: UnverifiedPart,
    done: { to?: number; lines?: number },
  ): Promise<void> {
    const { fs = diskFs, stateDir, clock = systemClock } = this.#o;
    await noteUnverified(fs, stateDir, {
      path,
      fingerprint: generation.fingerprint,
      from,
      packed_from: damage.from,
      packed_to: damage.to,
      reason: damage.reason,
      at: new Date(clock.now()).toISOString(),
      ...done,
    });
  }

  /** Somebody may have deleted the state directory: makes it anew, and brings back what waited in it. */
  lookAfterState(): Promise<void> {
    return this.#spool.lookAfterFolders();
  }

  /** Resolves when nothing waits any more. */
  async delivered(): Promise<void> {
    await Promise.all([...this.#shippers.values()].map((shipper) => shipper.idle()));
  }

  /**
   * The next replay is to start from the beginning (and finds what Lago has already). Takes effect in `stop`, when nothing
   * is read any more that would bring a position back.
   */
  forgetProgress(): void {
    this.#forgetsProgress = true;
  }

  /** Stops reading, makes durable what was read, lets requests in flight finish for `graceMs`, writes the checkpoint. */
  async stop(graceMs: number): Promise<void> {
    const { clock = systemClock } = this.#o;
    const limit = new AbortController();
    // A disk that refuses must not keep the process from ending: what is not durable is still in the log.
    void clock.sleep(graceMs, limit.signal).then(() => this.#spool.release());
    if (!this.#spool.gate.isOpen) this.#spool.release();
    await this.#tailer?.stop();
    await this.#spool.flush();
    await Promise.all([...this.#shippers.values()].map((shipper) => shipper.stop(graceMs)));
    limit.abort();
    await this.#ranges.close();
    if (this.#forgetsProgress) this.#spool.ledger.forgetPositions();
    await this.#spool.close();
  }

  status(): Status {
    const { config, version, stateDir } = this.#o;
    const { ledger, gate, quota } = this.#spool;
    // Somebody may have cleared files away: the next answer knows.
    void quota.look();
    const open = this.#spool.openCounts();
    const books = ledger.sources();
    const surveys = this.#tailer?.survey();
    return {
      running: true,
      version,
      pid: process.pid,
      started: new Date(this.#startedMs).toISOString(),
      state_dir: stateDir,
      sources: config.sources.map(({ path }) => {
        const counts = { ...noLines(), ...books.get(path)?.counts };
        for (const [source, more] of open.sources) if (source === path) add(counts, more);
        const survey = surveys?.get(path) ?? notLookedAt(path);
        return {
          ...sourceStatus(path, counts, survey, this.#mappers.get(path), books.get(path)),
          padded_subscriptions: this.#spool.padded(path),
        };
      }),
      destinations: config.destinations.map(({ name }, number) => {
        const shipper = this.#shippers.get(name);
        const delivery = shipper?.status() ?? nothingUnderWay(name);
        return destinationStatus(ledger.destination(name), open.events[number] ?? 0, delivery);
      }),
      abandoned: abandonedLogs(config.sources, this.#spool.positions()).filter(hasUnread),
      losses: lossStatus(ledger.losses.list(), this.#acknowledged),
      dead: { bytes: quota.bytes, ...config.dead, sampling: quota.isSampling },
      spool: { bytes: gate.bytes, max_bytes: config.spool.max_bytes, paused: gate.causes },
    };
  }
}

/** What logs are read into, the tables of the mappers, and the chunks. */
function memoryFor({ sources, rules, destinations }: Config): KernelMemory {
  // Twice: chunks that are made anew have mappers of their own. What is never used takes no memory.
  const tables = 2 * sources.length * mapperBytes(rules.length);
  return new KernelMemory({ tables, blocks: taken(READ_BYTES) + spoolBytes(destinations.length) });
}

/** What bills a file that is not clearly one of a source. */
function replayCommand(
  { config, configFile = 'FILE' }: Pick<PipelineOptions, 'config' | 'configFile'>,
  source: string,
  path: string,
): string {
  const named = config.sources.length > 1 ? ['--source', quoted(source)] : [];
  return ['tailmeter replay --config', quoted(configFile), ...named, quoted(path)].join(' ');
}

/** For a shell. */
const quoted = (text: string): string =>
  /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** By source, so that all of its mappers know a renamed file by the path that it had. */
const salts = new WeakMap<SourceConfig, IdSalt>();

function saltOf(source: SourceConfig): { readonly salt?: IdSalt } {
  const { id_salt: text, path } = source;
  if (text === undefined) return {};
  let salt = salts.get(source);
  if (salt === undefined) salts.set(source, (salt = new IdSalt(text, (file) => followedPath(path, file))));
  return { salt };
}

/** The mapper of one source, from the rules of the configuration. */
export function mapperFor(
  { config, window, memory }: Pick<PipelineOptions, 'config' | 'window'> & { readonly memory?: KernelMemory },
  source: SourceConfig,
): LineMapper {
  return compileMapper({
    rules: config.rules,
    match: config.match,
    destinations: config.destinations.map(({ name }) => name),
    format: source.format,
    ...saltOf(source),
    ...(window === undefined ? {} : { window }),
    ...(memory === undefined ? {} : { memory }),
  });
}

/** A range holds events for several destinations and is sealed as a whole: the most impatient one decides. */
const shortest = (config: Config, key: 'buffer_duration' | 'inactive_timeout'): number =>
  Math.min(...config.destinations.map((destination) => destination[key])) * 1000;
