/** Where things are below `state_dir`, and what the files of the spool are called. */
import { join } from 'node:path';
import type { SealedChunk } from '../types.ts';

export interface StateLayout {
  readonly root: string;
  readonly spool: string;
  readonly dead: string;
  readonly quarantine: string;
  /** The chunks of one destination. */
  readonly chunks: (destination: string) => string;
}

export const layoutOf = (stateDir: string): StateLayout => ({
  root: stateDir,
  spool: join(stateDir, 'spool'),
  dead: join(stateDir, 'dead'),
  quarantine: join(stateDir, 'quarantine'),
  chunks: (destination) => join(stateDir, 'spool', destination),
});

/** A file that does not have its name yet: of no use after a crash. */
export const TEMPORARY = '.tmp';

/**
 * What the name of a chunk file says: known at a start without opening the file, and when the file is destroyed. It is
 * enough to read the same events from the log once more, and to know that they are the same.
 */
export type ChunkName = Pick<
  SealedChunk,
  'sequence' | 'events' | 'fingerprint' | 'from' | 'to' | 'checksum' | 'limits'
>;

/**
 * `0000000000000042-2000-9b74c9897bac770ffc029102a200c5de-7000-8300-35c9a9d1.ndjson`; with the times in Unix ms behind it,
 * earliest and latest, by which a line of the range was found implausible.
 */
export const chunkName = ({ sequence, events, fingerprint, from, to, checksum, limits }: ChunkName): string =>
  `${String(sequence).padStart(16, '0')}-${events}-${fingerprint}-${from}-${to}-${checksum.toString(16).padStart(8, '0')}` +
  `${limits === undefined ? '' : `-${limits.earliestMs}-${limits.latestMs}`}.ndjson`;

const NAME =
  /^(?<sequence>\d{16})-(?<events>\d+)-(?<fingerprint>[0-9a-f]{32})-(?<from>\d+)-(?<to>\d+)-(?<checksum>[0-9a-f]{8})(?:-(?<earliest>\d+)-(?<latest>\d+))?\.ndjson$/;

/** undefined for any file that is no chunk. */
export function parseChunkName(name: string): ChunkName | undefined {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) return undefined;
  return {
    sequence: Number(groups['sequence']),
    events: Number(groups['events']),
    fingerprint: groups['fingerprint'] ?? '',
    from: Number(groups['from']),
    to: Number(groups['to']),
    checksum: Number.parseInt(groups['checksum'] ?? '', 16),
    ...(groups['earliest'] !== undefined && {
      limits: { earliestMs: Number(groups['earliest']), latestMs: Number(groups['latest']) },
    }),
  };
}
