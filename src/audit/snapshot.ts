/**
 * The books and the queue as they were at one moment, while the daemon runs or not. Nothing is locked or changed.
 *
 * The files are read between two looks at the checkpoint. Of a chunk that goes meanwhile two checkpoints in a row
 * have said that it is settled. So what was read belongs together as long as no more than one new checkpoint came:
 * the one that was the newest is still the newest, or the previous one.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StateDirError, stateDirError } from '../errors.ts';
import { checkpointFiles, readCheckpoint } from '../spool/checkpoint.ts';
import type { Ledger } from '../spool/ledger.ts';
import type { LetterMarks } from '../spool/letter-files.ts';
import { recover } from '../spool/recovery.ts';
import { isMissing, type StateFs } from '../spool/state-fs.ts';
import type { SealedChunk } from '../types.ts';

const TRIES = 50;
const PAUSE_MS = 20;
const NOTHING = Buffer.alloc(0);

export interface Snapshot {
  readonly ledger: Ledger;
  /** Unsettled chunks by destination. */
  readonly chunks: ReadonlyMap<string, readonly SealedChunk[]>;
  /** Numbers of those of them whose files are known to be gone: a daemon reads their events from the log once more. */
  readonly absent: ReadonlySet<number>;
  readonly letters: LetterMarks;
  /** What the accounts of the generations hold for. */
  readonly mapping: string | undefined;
  /** Whether somebody has worked on the state since. */
  hasMoved(): Promise<boolean>;
}

/** @throws StateDirError when the state cannot be read, or at no moment so that the files belong together */
export async function takeSnapshot(fs: StateFs, stateDir: string): Promise<Snapshot> {
  try {
    return await look(fs, stateDir);
  } catch (error) {
    throw stateDirError(stateDir, error);
  }
}

async function look(fs: StateFs, stateDir: string): Promise<Snapshot> {
  const [currentName, previousName] = checkpointFiles;
  const newest = (): Promise<Buffer> => readOr(fs, join(stateDir, currentName));
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await newest();
    const { letters } = await readCheckpoint(fs, stateDir, async () => {});
    const { ledger, chunks, mapping, absent } = await recover(fs, stateDir, {
      reporter: { report: () => {} },
      readOnly: true,
    });
    const after = await newest();
    const belongTogether =
      after.equals(before) || (await readOr(fs, join(stateDir, previousName))).equals(before);
    if (belongTogether) {
      return {
        ledger,
        chunks,
        absent: new Set(absent.map(({ sequence }) => sequence)),
        letters,
        mapping,
        hasMoved: async () => !(await newest()).equals(before),
      };
    }
    await delay(PAUSE_MS);
  }
  throw new StateDirError(`${stateDir} changes too fast for a consistent look at it; try again`);
}

async function readOr(fs: StateFs, file: string): Promise<Buffer> {
  try {
    return await fs.read(file);
  } catch (error) {
    if (isMissing(error)) return NOTHING;
    throw error;
  }
}
