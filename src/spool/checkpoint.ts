/**
 * The checkpoint: how far each generation is durable, the counts, and which chunks are settled. One JSON file
 * with a checksum, replaced as a whole; the one before it is kept in case the newest is damaged.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StateDirError } from '../errors.ts';
import type { Loss } from '../loss.ts';
import type { DeadReason, DestinationCounts, GenerationAccount, SourceCounts } from '../types.ts';
import type { AbsentNames } from './absent-chunks.ts';
import type { StoredClaim } from './letter-claims.ts';
import type { KnownLetter, LetterMarks } from './letter-files.ts';
import { TEMPORARY } from './layout.ts';
import { isMissing, isUnreadable, type StateFs } from './state-fs.ts';

export interface SourceState {
  readonly counts: SourceCounts;
  /** Oldest first. */
  readonly generations: readonly GenerationAccount[];
  /** Failed lines without a letter, by reason, of all generations; absent when there are none. */
  readonly sampled?: { readonly [reason in DeadReason]?: number };
}

/** What the ledger knows; see there. */
export interface Books {
  /** Every seal up to this chunk number is in the counts and positions; those after it are not. */
  readonly sealed_through: number;
  readonly sources: Readonly<Record<string, SourceState>>;
  readonly destinations: Readonly<Record<string, DestinationCounts>>;
  /** By destination: chunks whose events are in the counts as settled, and whose files may still exist. */
  readonly settled: Readonly<Record<string, readonly number[]>>;
  /** What will not be delivered, oldest first. */
  readonly losses?: readonly Loss[];
}

export interface CheckpointData extends Books {
  /** Dead letters that were written after these places may be given up a second time. */
  readonly letters: LetterMarks;
  /** And those that were written before, for ranges that are not settled: where they stand. */
  readonly claims?: readonly StoredClaim[];
  /** The same, of 0.1.0: one by one. */
  readonly again?: readonly KnownLetter[];
  /** Chunks that wait, though their files are known to be gone. */
  readonly absent?: AbsentNames;
  /** What a replay was asked to do; another wish starts anew. */
  readonly plan?: string;
  /** Stands for all that decides what a line becomes; the accounts of the generations hold for this one. */
  readonly mapping?: string;
}

export const emptyCheckpoint: CheckpointData = {
  sealed_through: 0,
  sources: {},
  destinations: {},
  settled: {},
  letters: {},
};

const CURRENT = 'checkpoint.json';
const PREVIOUS = 'checkpoint.previous.json';
const VERSION = 1;

/** Names in the state directory, the newest first. */
export const checkpointFiles = [CURRENT, PREVIOUS] as const;

/** A file that must grow gets so much more than it needs, blank, and does not have to grow again soon. */
const HEADROOM_BYTES = 8192;

/**
 * Puts a new checkpoint in the place of the newest, and that in the place of the one before. At each moment one of
 * the two names has a whole checkpoint.
 *
 * The bytes are written over the file that was the previous one: as a rule no space has to be allocated, so the
 * checkpoint works on a full disk, too, and the chunks that it says are settled can be deleted.
 */
export async function writeCheckpoint(fs: StateFs, stateDir: string, data: CheckpointData): Promise<void> {
  const current = join(stateDir, CURRENT);
  const previous = join(stateDir, PREVIOUS);
  const next = `${current}${TEMPORARY}`;
  const json = JSON.stringify(data);
  const text = `{"tailmeter_checkpoint":${VERSION},"crc32":${crc32(json)},"data":${json}}`;

  // Without a newest one the previous is all there is, and must stay until the new one is durable.
  const hasCurrent = (await fs.size(current)) !== undefined;
  if (hasCurrent && (await fs.size(previous)) !== undefined) await fs.rename(previous, next);
  const needed = Buffer.byteLength(text) + 1;
  const room = (await fs.size(next)) ?? 0;
  const blank = room >= needed ? room - needed : HEADROOM_BYTES;
  await fs.writeAt(next, 0, Buffer.from(`${text}${' '.repeat(blank)}\n`));
  if (hasCurrent) await fs.rename(current, previous);
  await fs.rename(next, current);
  await fs.syncDir(stateDir);
}

/**
 * The newest checkpoint that is whole; with none, all starts at zero. Damaged ones are told to `damaged`.
 * @throws StateDirError when a later version wrote it: going on without it could lose or count twice.
 */
export async function readCheckpoint(
  fs: StateFs,
  stateDir: string,
  damaged: (file: string, error: Error) => Promise<void>,
): Promise<CheckpointData> {
  for (const name of checkpointFiles) {
    const file = join(stateDir, name);
    try {
      const data = parseCheckpoint(file, await fs.read(file));
      if (!(data instanceof Error)) return data;
      await damaged(file, data);
    } catch (error) {
      if (isUnreadable(error)) await damaged(file, error as Error);
      else if (!isMissing(error)) throw error;
    }
  }
  return emptyCheckpoint;
}

const ENVELOPE = /^\{"tailmeter_checkpoint":(?<version>\d+),"crc32":(?<sum>\d+),"data":(?<data>.*)\} *\n$/;

function parseCheckpoint(file: string, bytes: Buffer): CheckpointData | Error {
  const groups = ENVELOPE.exec(bytes.toString('utf8'))?.groups;
  const data = groups?.['data'];
  if (groups === undefined || data === undefined) return new Error('no checkpoint, or a torn one');
  if (crc32(data) !== Number(groups['sum'])) return new Error('the checksum does not fit');
  if (groups['version'] !== String(VERSION)) {
    throw new StateDirError(
      `${file} has format ${groups['version']}, and this version of tailmeter knows ${VERSION}: run the version that wrote it, or use another state_dir`,
    );
  }
  return JSON.parse(data) as CheckpointData;
}
