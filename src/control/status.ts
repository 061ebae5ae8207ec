/** What `tailmeter status` shows, gathered from a running pipeline or from the files of a stopped one. */
import { stat } from 'node:fs/promises';
import type { Config } from '../config/types.ts';
import { stateDirError } from '../errors.ts';
import { noLines } from '../spool/counts.ts';
import { IgnoredFiles } from '../spool/ignored-files.ts';
import { recover, type Recovered } from '../spool/recovery.ts';
import { diskFs } from '../spool/state-fs.ts';
import type {
  DeliveryStatus,
  DestinationCounts,
  GenerationPosition,
  IgnoredFile,
  LineMapper,
  PathCounts,
  ReadProgress,
  Repairs,
  SourceCounts,
} from '../types.ts';

export interface SourceStatus extends Omit<SourceCounts, 'nulBytes'> {
  readonly source: string;
  /** Bytes of holes that were skipped. */
  readonly nul_bytes: number;
  readonly lag_bytes: number;
  readonly files: readonly Omit<ReadProgress, 'source'>[];
  /** Files beside the log that are not billed, as it is not clear whose they are; `replay` bills them. */
  readonly ignored: readonly Pick<IgnoredFile, 'path' | 'bytes' | 'why'>[];
  /** How the lines were read since the daemon's start; null while none runs. */
  readonly paths: Readonly<PathCounts> | null;
  /** Lines that were repaired since the daemon's start; null while none runs. */
  readonly repairs: Readonly<Repairs> | null;
}

export interface DestinationStatus extends DestinationCounts {
  readonly destination: string;
  readonly pending: number;
  readonly in_flight: number;
  readonly endpoints: DeliveryStatus['endpoints'];
  /** Not null while the destination refuses everything: when it is asked again, and what to do. */
  readonly held: NonNullable<DeliveryStatus['held']> | null;
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
  progress: readonly ReadProgress[],
  mapper?: LineMapper,
  ignored: readonly IgnoredFile[] = [],
): SourceStatus {
  const files = progress.map(({ path, fingerprint, offset, size }) => ({ path, fingerprint, offset, size }));
  const lag = files.reduce((sum, { offset, size }) => sum + Math.max(0, size - offset), 0);
  const { paths, repairs } = mapper ?? { paths: null, repairs: null };
  return {
    source,
    ...counts,
    nul_bytes: nulBytes,
    lag_bytes: lag,
    files,
    ignored: ignored.map(({ path, bytes, why }) => ({ path, bytes, why })),
    paths,
    repairs,
  };
}

/**
 * The books count whole chunks; what is settled in those that are under way is added, so that progress shows.
 * @param open Events that are mapped but not yet sealed.
 */
export function destinationStatus(
  counts: DestinationCounts,
  open: number,
  { destination, inFlight, settling, endpoints, held, lastError }: DeliveryStatus,
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
  const ignored = await IgnoredFiles.open(diskFs, stateDir);
  return {
    running: false,
    version,
    pid: null,
    started: null,
    state_dir: stateDir,
    sources: await Promise.all(
      config.sources.map(async ({ path }) => {
        const book = books.get(path) ?? { counts: noLines(), positions: [] };
        const progress = await progressAtRest(path, book.positions);
        return sourceStatus(path, book.counts, progress, undefined, await ignored.present(path));
      }),
    ),
    destinations: config.destinations.map(({ name }) =>
      destinationStatus(ledger.destination(name), 0, nothingUnderWay(name)),
    ),
    spool: { bytes: sizeOf(chunks), max_bytes: config.spool.max_bytes, paused: [] },
  };
}

const sizeOf = (chunks: Recovered['chunks']): number =>
  [...chunks.values()].flat().reduce((sum, { bytes }) => sum + bytes, 0);

/** The generations that are not read to their end, with the size that their file has now. */
async function progressAtRest(
  source: string,
  positions: readonly GenerationPosition[],
): Promise<ReadProgress[]> {
  const unread = positions.filter(({ ended }) => !ended);
  const known = await Promise.all(
    unread.map(async ({ path, fingerprint, offset, dev, ino }) => {
      const now = await stat(path, { bigint: true }).catch(() => undefined);
      const same = now !== undefined && String(now.dev) === dev && String(now.ino) === ino;
      return { source, path, fingerprint, offset, size: same ? Number(now.size) : offset };
    }),
  );
  if (positions.length > 0) return known;
  const file = await stat(source).catch(() => undefined);
  return file === undefined ? [] : [{ source, path: source, fingerprint: '', offset: 0, size: file.size }];
}
