/** What `tailmeter status` shows, gathered from a running pipeline or from the files of a stopped one. */
import { join } from 'node:path';
import { abandonedLogs, hasUnread, type AbandonedLog } from '../abandoned.ts';
import type { Config, DeadConfig } from '../config/types.ts';
import { stateDirError } from '../errors.ts';
import type { Loss } from '../loss.ts';
import { Acknowledged, type LossStatus } from '../spool/acknowledged.ts';
import { noLines } from '../spool/counts.ts';
import { IgnoredFiles } from '../spool/ignored-files.ts';
import { recover, type Recovered } from '../spool/recovery.ts';
import { layoutOf } from '../spool/layout.ts';
import type { Ledger } from '../spool/ledger.ts';
import { entriesOf } from '../spool/sampled.ts';
import { diskFs } from '../spool/state-fs.ts';
import { survey } from '../tail/survey.ts';
import type {
  DeadReason,
  DeliveryStatus,
  DestinationCounts,
  IgnoredFile,
  LineMapper,
  PathCounts,
  ReadProgress,
  Repairs,
  SourceCounts,
  SourceSurvey,
  Unknown,
} from '../types.ts';

export interface SourceStatus extends Omit<SourceCounts, 'nulBytes'> {
  readonly source: string;
  /** Bytes of holes that were skipped. */
  readonly nul_bytes: number;
  /**
   * Bytes that are known to be unread: all of them when `unknown` is empty and each file has a size, else at least so many.
   * Null when there are none that are known, but not everything could be looked at.
   */
  readonly lag_bytes: number | null;
  /** The generations that are not read to their ends for good, oldest first. */
  readonly files: readonly Omit<ReadProgress, 'source'>[];
  /** Files beside the log that are not billed, as it is not clear whose they are; `replay` bills them. */
  readonly ignored: readonly Pick<IgnoredFile, 'path' | 'bytes' | 'why'>[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly Unknown[];
  /** How the lines were read since the daemon's start; null while none runs. */
  readonly paths: Readonly<PathCounts> | null;
  /** Lines that were repaired since the daemon's start; null while none runs. */
  readonly repairs: Readonly<Repairs> | null;
  /** Events since the daemon's start whose subscription begins or ends with a space; null while none runs. */
  readonly padded_subscriptions: number | null;
  /** Failed lines that were left without a letter (`dead.max_bytes`), by reason: `tailmeter replay` reads them again. */
  readonly sampled: readonly SampledStatus[];
}

export interface SampledStatus {
  readonly reason: DeadReason;
  /** All that were ever left out … */
  readonly letters: number;
  /** … and where they stand, as far as their logs are remembered: in bytes [from, to). */
  readonly ranges: readonly {
    readonly path: string;
    readonly fingerprint: string;
    readonly from: number;
    readonly to: number;
    readonly letters: number;
  }[];
}

export interface DestinationStatus extends DestinationCounts {
  readonly destination: string;
  readonly pending: number;
  readonly in_flight: number;
  readonly endpoints: DeliveryStatus['endpoints'];
  /** Not null while the destination refuses everything: when it is asked again, and what to do. */
  readonly held: NonNullable<DeliveryStatus['held']> | null;
  /** Events that fail while others do not, and wait apart for another try; null for none. */
  readonly suspects: NonNullable<DeliveryStatus['suspects']> | null;
  readonly last_error: NonNullable<DeliveryStatus['lastError']> | null;
}

export interface Status {
  readonly running: boolean;
  readonly version: string;
  readonly pid: number | null;
  readonly started: string | null;
  readonly state_dir: string;
  readonly sources: readonly SourceStatus[];
  readonly destinations: readonly DestinationStatus[];
  /** Logs with unread bytes whose source is not configured any more. */
  readonly abandoned: readonly AbandonedLog[];
  /** What will not be delivered, oldest first, also what was acknowledged. */
  readonly losses: readonly LossStatus[];
  /** The files of dead letters. */
  readonly dead: {
    readonly bytes: number;
    readonly max_bytes: number;
    readonly on_full: DeadConfig['on_full'];
    /** Lines that fail get no letter now: they are only counted. */
    readonly sampling: boolean;
  };
  readonly spool: {
    readonly bytes: number;
    readonly max_bytes: number;
    /** Why no more lines are taken; empty while they are. */
    readonly paused: readonly string[];
  };
}

export function sourceStatus(
  source: string,
  { nulBytes = 0, ...counts }: SourceCounts,
  { files, unknown, ignored }: SourceSurvey,
  mapper?: LineMapper,
  book?: SourceBook,
): SourceStatus {
  const { paths, repairs } = mapper ?? { paths: null, repairs: null };
  return {
    source,
    ...counts,
    nul_bytes: nulBytes,
    lag_bytes: lagOf({ files, unknown }),
    files: files.map(({ path, fingerprint, offset, size, state }) => ({
      path,
      fingerprint,
      offset,
      size,
      state,
    })),
    ignored: ignored.map(({ path, bytes, why }) => ({ path, bytes, why })),
    unknown,
    paths,
    repairs,
    sampled: sampledStatus(book),
    padded_subscriptions: null,
  };
}

/** The losses, as not acknowledged where that cannot be told. */
export function lossStatus(losses: readonly Loss[], acknowledged: Acknowledged): readonly LossStatus[] {
  try {
    return acknowledged.mark(losses);
  } catch {
    return losses.map((loss) => ({ ...loss, acknowledged: null }));
  }
}

/** See `lag_bytes`. */
export function lagOf({ files, unknown }: Pick<SourceSurvey, 'files' | 'unknown'>): number | null {
  const known = files.reduce((sum, { offset, size }) => sum + Math.max(0, (size ?? 0) - offset), 0);
  const isAll = unknown.length === 0 && files.every(({ size }) => size !== null);
  return known > 0 || isAll ? known : null;
}

/** What is to be told of a source while nobody follows it. */
export const notLookedAt = (source: string): SourceSurvey => ({
  files: [],
  ignored: [],
  unknown: [{ path: source, reason: 'it is not looked at yet' }],
});

type SourceBook = Pick<
  NonNullable<ReturnType<ReturnType<Ledger['sources']>['get']>>,
  'positions' | 'sampled'
>;

function sampledStatus({ positions, sampled }: SourceBook = { positions: [], sampled: {} }): SampledStatus[] {
  return entriesOf(sampled).map(([reason, all]) => ({
    reason,
    letters: all,
    ranges: positions.flatMap(({ path, fingerprint, sampled: books = {} }) =>
      (books[reason]?.ranges ?? []).map(([from, to, letters]) => ({ path, fingerprint, from, to, letters })),
    ),
  }));
}

/**
 * The books count whole chunks; what is settled in those that are under way is added, so that progress shows.
 * @param open Events that are mapped but not yet sealed.
 */
export function destinationStatus(
  counts: DestinationCounts,
  open: number,
  { destination, inFlight, settling, endpoints, suspects, held, lastError }: DeliveryStatus,
): DestinationStatus {
  const events = counts.events + open;
  const delivered = counts.delivered + settling.delivered;
  const duplicates = counts.duplicates + settling.duplicates;
  const dead = counts.dead + settling.dead;
  return {
    destination,
    events,
    delivered,
    duplicates,
    dead,
    lost: counts.lost,
    pending: events - delivered - duplicates - dead,
    in_flight: inFlight,
    endpoints,
    held: held ?? null,
    suspects: suspects ?? null,
    last_error: lastError ?? null,
  };
}

/** The delivery to a destination for which none is under way. */
export const nothingUnderWay = (destination: string): DeliveryStatus => ({
  destination,
  inFlight: 0,
  settling: { delivered: 0, duplicates: 0, dead: 0 },
  endpoints: [],
});

/** The status of a state directory that no process owns, as the next start would find it. Changes nothing. */
export async function statusAtRest(config: Config, version: string): Promise<Status> {
  const { state_dir: stateDir } = config;
  const { ledger, chunks } = await recover(diskFs, stateDir, {
    reporter: { report: () => {} },
    readOnly: true,
  }).catch((error: unknown) => {
    throw stateDirError(stateDir, error);
  });
  const books = ledger.sources();
  const remembered = await IgnoredFiles.open(diskFs, stateDir);
  const positions = new Map([...books].map(([source, book]) => [source, book.positions]));
  const surveys = await survey({ sources: config.sources, positions, remembered });
  return {
    running: false,
    version,
    pid: null,
    started: null,
    state_dir: stateDir,
    sources: config.sources.map(({ path }) =>
      sourceStatus(
        path,
        books.get(path)?.counts ?? noLines(),
        surveys.get(path) ?? notLookedAt(path),
        undefined,
        books.get(path),
      ),
    ),
    destinations: config.destinations.map(({ name }) =>
      destinationStatus(ledger.destination(name), 0, nothingUnderWay(name)),
    ),
    abandoned: abandonedLogs(config.sources, positions).filter(hasUnread),
    losses: lossStatus(ledger.losses.list(), new Acknowledged(stateDir)),
    dead: { bytes: await bytesIn(layoutOf(stateDir).dead), ...config.dead, sampling: false },
    spool: { bytes: sizeOf(chunks), max_bytes: config.spool.max_bytes, paused: [] },
  };
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of await diskFs.list(folder)) bytes += (await diskFs.size(join(folder, file))) ?? 0;
  return bytes;
}

const sizeOf = (chunks: Recovered['chunks']): number =>
  [...chunks.values()].flat().reduce((sum, { bytes }) => sum + bytes, 0);
