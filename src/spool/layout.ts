/** Where things are below `state_dir`. */
import { join } from 'node:path';

export interface StateLayout {
  readonly root: string;
  readonly spool: string;
  readonly dead: string;
  readonly quarantine: string;
  /** The chunks of one destination. */
  chunks(destination: string): string;
}

export const layoutOf = (stateDir: string): StateLayout => ({
  root: stateDir,
  spool: join(stateDir, 'spool'),
  dead: join(stateDir, 'dead'),
  quarantine: join(stateDir, 'quarantine'),
  chunks: (destination) => join(stateDir, 'spool', destination),
});
