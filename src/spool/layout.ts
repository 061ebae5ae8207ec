/** Where things are below `state_dir`, and what the files of the spool are called. */
import { join } from 'node:path';

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

/** What the name of a chunk file says. */
export interface ChunkName {
  readonly sequence: number;
  /** Known from the name, so that a start need not open the files, and the counts survive a destroyed one. */
  readonly events: number;
}

export const chunkName = ({ sequence, events }: ChunkName): string =>
  `${String(sequence).padStart(16, '0')}-${events}.ndjson`;

const NAME = /^(?<sequence>\d{16})-(?<events>\d+)\.ndjson$/;

/** undefined for any file that is no chunk. */
export function parseChunkName(name: string): ChunkName | undefined {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) return undefined;
  return { sequence: Number(groups['sequence']), events: Number(groups['events']) };
}
