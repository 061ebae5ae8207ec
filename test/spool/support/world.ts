/**
 * A small world around a spool: logs in memory, a mapper that does what a line says, a server that remembers every
 * event it was sent, and the books that must come out in the end.
 *
 * A line is `<id> <what>`, and `what` says what becomes of it, letter by letter: `0` and `1` an event for that
 * destination, `r` one for destination 0 that the server rejects, `d` a dead letter; nothing at all with `-`.
 */
import { lineEnd } from '../../../src/bytes.ts';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeadConfig } from '../../../src/config/types.ts';
import { CorruptChunkError } from '../../../src/errors.ts';
import type { TelemetryEvent } from '../../../src/observe/events.ts';
import { isMarked } from '../../../src/mark.ts';
import { recover, type Recovered } from '../../../src/spool/recovery.ts';
import { Spool } from '../../../src/spool/spool.ts';
import { diskFs } from '../../../src/spool/state-fs.ts';
import type { LogRanges } from '../../../src/log-range.ts';
import type {
  DeadLetter,
  Generation,
  LineMapper,
  LineOutcome,
  LoadedChunk,
  SealedChunk,
  SourceCounts,
} from '../../../src/types.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FaultyFs } from '../../support/faulty-fs.ts';

export const DESTINATIONS = ['lago', 'other lago'] as const;

/** From one search for a range to the next. */
export const SEARCH_AGAIN_MS = 2000;

export interface Log {
  readonly source: string;
  readonly generation: Generation;
  readonly lines: readonly string[];
  /** The log has been rotated away: it has an end. */
  readonly rotated: boolean;
}

export function logOf(source: string, lines: readonly string[], { rotated = false, ino = '7' } = {}): Log {
  const fingerprint = Buffer.from(`${source}${ino}`).toString('hex').padEnd(32, '0').slice(0, 32);
  return {
    source,
    generation: { dev: '1', ino, fingerprint, fingerprintBytes: 4, path: `/log/${source}` },
    lines,
    rotated,
  };
}

const bytesOf = ({ lines }: Log): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

/** Maps lines as the comment of this file says. */
export const mapper: LineMapper = {
  repairs: { hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 },
  paths: { skeleton: 0, scan: 0, parse: 0 },
  mapRun: (_bytes, start) => start,
  lineEnd,
  map(bytes, start, end, _place, sink) {
    const [id = '', what = ''] = bytes.toString('utf8', start, end).split(' ');
    let outcome: LineOutcome = 'skipped';
    for (const letter of what) {
      if (letter === '-') continue;
      if (letter === 'd') {
        sink.dead({ reason: 'missing_subscription', message: 'nobody to bill', rule: 'calls' });
        if (outcome === 'skipped') outcome = 'dead';
        continue;
      }
      const destination = letter === '1' ? 1 : 0;
      const rejected = letter === 'r' ? ',"rejected":true' : '';
      sink.writer(destination).text(`{"transaction_id":"${id}/${letter}"${rejected}}`);
      sink.event(destination);
      outcome = 'mapped';
    }
    return outcome;
  },
};

/** One run of the daemon, as far as the spool sees it. */
export class Run {
  readonly spool: Spool;
  readonly #world: World;
  readonly #read = new Map<Log, number>();

  constructor(world: World, spool: Spool) {
    this.#world = world;
    this.spool = spool;
  }

  /** Goes on reading a log, from where it is known to be, for so many lines; in two blocks. */
  async read(log: Log, count = Infinity): Promise<void> {
    const { intake } = this.spool;
    const { source, generation } = log;
    this.#world.logs.add(log);
    const bytes = bytesOf(log);
    let from = this.#read.get(log);
    if (from === undefined) {
      const known = this.spool.positions().get(source) ?? [];
      from = known.find(({ fingerprint }) => fingerprint === generation.fingerprint)?.offset ?? 0;
      await intake.started?.(source, generation, from, bytes.subarray(0, from));
    }
    let end = from;
    let middle = from;
    for (let line = 0; line < count && end < bytes.length; line++) {
      end = bytes.indexOf('\n', end) + 1;
      if (line === Math.floor(Math.min(count, 10) / 2)) middle = end;
    }
    for (const [start, stop] of [
      [from, middle],
      [middle, end],
    ] as const) {
      if (stop <= start) continue;
      // The tailer uses its buffer again.
      const block = Buffer.from(bytes.subarray(start, stop));
      await intake.lines({ source, generation, offset: start, bytes: block, unterminated: false });
      block.fill(0);
    }
    this.#read.set(log, end);
    if (log.rotated && end === bytes.length) await intake.ended(source, generation, end);
  }

  /** Delivers up to `limit` chunks of a destination, as a shipper does. */
  async ship(destination: string, limit = Infinity): Promise<void> {
    const queue = this.spool.queue(destination);
    for (let i = 0; i < limit; i++) {
      const [chunk] = queue.take(1);
      if (chunk === undefined) return;
      await this.deliver(chunk);
    }
  }

  async deliver(chunk: SealedChunk): Promise<void> {
    const queue = this.spool.queue(chunk.destination);
    const loaded = await this.#insist(async () => {
      try {
        return await queue.load(chunk);
      } catch (error) {
        if (!(error instanceof CorruptChunkError)) throw error;
        return (await queue.restore(chunk, error)) ? queue.load(chunk) : undefined;
      }
    });
    if (loaded !== undefined) await this.settle(loaded);
  }

  /** Sends the events of a chunk, buries those that are rejected, and settles it. */
  async settle(loaded: LoadedChunk): Promise<void> {
    const { clock, server } = this.#world;
    const { chunk } = loaded;
    const { destination } = chunk;
    const queue = this.spool.queue(destination);
    const settlement = { delivered: 0, duplicates: 0, dead: 0 };
    for (let i = 0; i < chunk.events; i++) {
      const text = loaded.body.toString('utf8', loaded.starts[i], loaded.starts[i + 1]! - 1);
      const event = JSON.parse(text) as { transaction_id: string; rejected?: boolean };
      const offset = loaded.lineOffsets[i]!;
      if (event.rejected === true) {
        const letter: DeadLetter = {
          id: `${destination}:${loaded.generation.fingerprint}:${offset}:${event.transaction_id}`,
          time: new Date(clock.now()).toISOString(),
          reason: 'rejected',
          message: 'no such metric',
          source: loaded.source,
          path: loaded.generation.path,
          fingerprint: loaded.generation.fingerprint,
          offset,
          destination,
          event,
        };
        await this.#insist(() => queue.bury([letter], chunk));
        settlement.dead++;
        if (this.#world.shippingMs > 0) await clock.sleep(this.#world.shippingMs);
      } else if (server.receive(destination, event.transaction_id, loaded.source, offset)) {
        settlement.delivered++;
      } else {
        settlement.duplicates++;
      }
    }
    queue.settled(chunk, settlement);
  }

  async shipAll(): Promise<void> {
    for (const destination of DESTINATIONS) await this.ship(destination);
  }

  async #insist<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === 5) throw error;
        await this.#world.clock.sleep(1000);
      }
    }
  }
}

/** Remembers what it was sent, as Lago does. */
class Server {
  /** By destination and transaction id: the line that gave it. */
  readonly events = new Map<string, string>();
  /** Events that came from two lines: a second identity. */
  readonly conflicts: string[] = [];

  /** False when it has the event already. */
  receive(destination: string, id: string, source: string, offset: number): boolean {
    const key = `${destination} ${id}`;
    const line = `${source}@${offset}`;
    const known = this.events.get(key);
    if (known !== undefined && known !== line) this.conflicts.push(`${key}: ${known}, ${line}`);
    this.events.set(key, line);
    return known === undefined;
  }
}

export interface WorldOptions {
  /** Another one than that of this file. */
  readonly mapper?: Pick<LineMapper, 'map'>;
  readonly maxBytes?: number;
  readonly minFreeBytes?: number;
  readonly dead?: DeadConfig;
  readonly plan?: string;
}

export class World {
  readonly clock: FakeClock;
  readonly server = new Server();
  readonly reports: TelemetryEvent[] = [];
  readonly stateDir: string;
  readonly root: string;
  /** Those that exist; a run adds what it reads. */
  readonly logs = new Set<Log>();
  /** What reading a log again rejects with. */
  logError: Error | undefined;
  /** What a shipper takes from one rejected event to the next. */
  shippingMs = 0;
  fs: FaultyFs;
  options: WorldOptions;

  static async create(options: WorldOptions = {}): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'tailmeter-spool-')), options);
  }

  private constructor(root: string, options: WorldOptions) {
    this.root = root;
    this.stateDir = join(root, 'state');
    this.fs = new FaultyFs(root);
    this.options = options;
    this.clock = new FakeClock(undefined, () => this.fs.quiet());
  }

  async remove(): Promise<void> {
    this.fs.kill();
    await this.fs.quiet();
    await rm(this.root, { recursive: true, force: true });
  }

  async boot(): Promise<Run> {
    const { maxBytes = 1e9, minFreeBytes = 0, dead, plan } = this.options;
    const lineMapper = { ...mapper, ...this.options.mapper };
    const spool = await Spool.open({
      fs: this.fs,
      stateDir: this.stateDir,
      limits: { max_bytes: maxBytes, min_free_bytes: minFreeBytes },
      ...(dead === undefined ? {} : { dead }),
      destinations: DESTINATIONS,
      mappers: new Map(['a.log', 'b.log'].map((source) => [source, lineMapper])),
      bufferDurationMs: 60_000,
      inactiveTimeoutMs: 5000,
      reporter: { report: (event) => void this.reports.push(event) },
      clock: this.clock,
      ...(plan === undefined ? {} : { plan }),
      logs: this.#ranges,
      remap: () => lineMapper,
      searchAgainMs: SEARCH_AGAIN_MS,
      wake: () => {},
    });
    return new Run(this, spool);
  }

  reported(name: TelemetryEvent['event']): TelemetryEvent[] {
    return this.reports.filter(({ event }) => event === name);
  }

  /** Starts anew, reads the logs to their ends, delivers everything and stops. */
  async finish(logs: readonly Log[]): Promise<void> {
    await this.clock.until(
      (async () => {
        const run = await this.boot();
        for (const log of logs) await run.read(log);
        await run.spool.flush();
        await run.shipAll();
        await run.spool.close();
      })(),
    );
  }

  /** Reads the logs again. */
  readonly #ranges: LogRanges = {
    read: ({ fingerprint, from, to }, visitor) => {
      if (this.logError !== undefined) return Promise.reject(this.logError);
      for (const log of this.logs) {
        const { source, generation } = log;
        const bytes = bytesOf(log);
        if (generation.fingerprint !== fingerprint || bytes.length < to) continue;
        visitor.begin(source, generation);
        visitor.lines(bytes.subarray(from, to), from);
        if (visitor.isRight()) return Promise.resolve(generation.path);
      }
      return Promise.resolve(undefined);
    },
  };

  /** All dead letters, as they stand in the files. */
  async letters(): Promise<DeadLetter[]> {
    const folder = join(this.stateDir, 'dead');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
    const texts = await Promise.all(files.toSorted().map((file) => readFile(join(folder, file), 'utf8')));
    return texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as DeadLetter),
    );
  }

  /** Names of the files of a folder below the state directory, with those of its folders. */
  async files(folder: string): Promise<string[]> {
    const entries = await readdir(join(this.stateDir, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted();
  }

  /** What does not add up in the state that a start would find now, and positions whose marks are of other bytes. */
  async imbalances(): Promise<string[]> {
    const { ledger, chunks } = await this.#atRest();
    const wrong: string[] = [];
    for (const [source, { counts, positions }] of ledger.sources()) {
      for (const { fingerprint, offset, mark } of positions) {
        const log = [...this.logs].find(({ generation }) => generation.fingerprint === fingerprint);
        if (log === undefined || offset === 0) continue;
        if (mark === undefined || !isMarked(bytesOf(log).subarray(0, offset), mark))
          wrong.push(`${source}: not the mark of ${offset}: ${JSON.stringify(mark)}`);
      }
      const { lines, skipped, dead, mapped } = counts;
      if (lines !== skipped + dead + mapped) wrong.push(`${source}: ${JSON.stringify(counts)}`);
    }
    for (const [name, counts] of ledger.destinations()) {
      const { events, delivered, duplicates, dead } = counts;
      const waiting = chunks.get(name)?.reduce((sum, chunk) => sum + chunk.events, 0) ?? 0;
      if (events !== delivered + duplicates + dead + waiting)
        wrong.push(`${name}: ${JSON.stringify(counts)}, ${waiting} wait`);
    }
    return wrong;
  }

  /** What has become of all lines, to be compared with `outcomeOf`. */
  async outcome(): Promise<Outcome> {
    const { ledger } = await this.#atRest();
    const letters = await this.letters();
    return {
      events: [...this.server.events.keys()].toSorted(),
      conflicts: this.server.conflicts,
      letters: letters
        .map(({ line, event }) =>
          event === undefined ? `line ${line}` : `event ${String(event['transaction_id'])}`,
        )
        .toSorted(),
      sources: Object.fromEntries([...ledger.sources()].map(([source, { counts }]) => [source, counts])),
      destinations: DESTINATIONS.map((name) => {
        const { events, delivered, duplicates, dead } = ledger.destination(name);
        return { events, received: delivered + duplicates, dead };
      }),
      spool: await this.files('spool'),
      quarantine: await this.files('quarantine'),
    };
  }

  #atRest(): Promise<Recovered> {
    return recover(diskFs, this.stateDir, { reporter: { report: () => {} }, readOnly: true });
  }
}

export interface Outcome {
  /** Destination and transaction id of what the server has. */
  readonly events: readonly string[];
  readonly conflicts: readonly string[];
  readonly letters: readonly string[];
  readonly sources: Readonly<Record<string, SourceCounts>>;
  /** By number. */
  readonly destinations: readonly { events: number; received: number; dead: number }[];
  /** Files that are left. */
  readonly spool: readonly string[];
  readonly quarantine: readonly string[];
}

/** What must come out of these logs: every line exactly once at the server or in the dead letters, and nothing left over. */
export function outcomeOf(logs: readonly Log[]): Outcome {
  const events: string[] = [];
  const letters: string[] = [];
  const sources: Record<string, SourceCounts> = {};
  const destinations = DESTINATIONS.map(() => ({ events: 0, received: 0, dead: 0 }));
  for (const { source, lines } of logs) {
    const counts = (sources[source] ??= { lines: 0, skipped: 0, dead: 0, mapped: 0, repeated: 0 });
    for (const line of lines) {
      const [id = '', what = ''] = line.split(' ');
      counts.lines++;
      counts[/[01r]/.test(what) ? 'mapped' : what.includes('d') ? 'dead' : 'skipped']++;
      for (const letter of what) {
        if (letter === 'd') letters.push(`line ${line}`);
        if (!'01r'.includes(letter)) continue;
        const number = letter === '1' ? 1 : 0;
        destinations[number]!.events++;
        destinations[number]![letter === 'r' ? 'dead' : 'received']++;
        if (letter === 'r') letters.push(`event ${id}/r`);
        else events.push(`${DESTINATIONS[number]} ${id}/${letter}`);
      }
    }
  }
  events.sort();
  letters.sort();
  return { events, conflicts: [], letters, sources, destinations, spool: [], quarantine: [] };
}
