/**
 * The checkpoint: how far each generation is durable, the counts, and which chunks are settled. One JSON file
 * with a checksum, replaced as a whole; the one before it is kept in case the newest is damaged.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DestinationCounts, GenerationPosition, SourceCounts } from '../types.ts';
import { replaceFile, type StateFs } from './state-fs.ts';

export interface SourceState {
  readonly counts: SourceCounts;
  /** Oldest first. */
  readonly generations: readonly GenerationPosition[];
}

export interface CheckpointData {
  /** Every seal up to this chunk number is in the counts and positions; those after it are not. */
  readonly sealed_through: number;
  readonly sources: Readonly<Record<string, SourceState>>;
  readonly destinations: Readonly<Record<string, DestinationCounts>>;
  /** Chunks whose events are in the counts as settled, and whose files may still exist. */
  readonly settled: readonly number[];
  /** What a replay was asked to do; another wish starts anew. */
  readonly plan?: string;
}

export const emptyCheckpoint: CheckpointData = {
  sealed_through: 0,
  sources: {},
  destinations: {},
  settled: [],
};

const CURRENT = 'checkpoint.json';
const PREVIOUS = 'checkpoint.previous.json';
const VERSION = 1;

export async function writeCheckpoint(fs: StateFs, stateDir: string, data: CheckpointData): Promise<void> {
  const text = JSON.stringify(data);
  const file = `{"tailmeter_checkpoint":${VERSION},"crc32":${crc32(text)},"data":${text}}\n`;
  if ((await fs.size(join(stateDir, CURRENT))) !== undefined) {
    await fs.rename(join(stateDir, CURRENT), join(stateDir, PREVIOUS));
  }
  await replaceFile(fs, stateDir, CURRENT, [Buffer.from(file)]);
}

/** The newest checkpoint that is whole. Damaged ones are moved into `quarantine` and reported; with none, all starts at zero. */
export async function readCheckpoint(
  fs: StateFs,
  stateDir: string,
  damaged: (file: string, error: Error) => Promise<void>,
): Promise<CheckpointData> {
  for (const name of [CURRENT, PREVIOUS]) {
    const file = join(stateDir, name);
    if ((await fs.size(file)) === undefined) continue;
    try {
      return parseCheckpoint(await fs.read(file));
    } catch (error) {
      await damaged(file, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return emptyCheckpoint;
}

const ENVELOPE = /^\{"tailmeter_checkpoint":(?<version>\d+),"crc32":(?<sum>\d+),"data":(?<data>.*)\}\n$/s;

function parseCheckpoint(bytes: Buffer): CheckpointData {
  const groups = ENVELOPE.exec(bytes.toString('utf8'))?.groups;
  const data = groups?.['data'];
  if (groups === undefined || data === undefined) throw new Error('no checkpoint, or a torn one');
  if (groups['version'] !== String(VERSION)) {
    throw new Error(
      `checkpoint format ${groups['version']} is not known to this version of tailmeter (${VERSION})`,
    );
  }
  if (crc32(data) !== Number(groups['sum'])) throw new Error('the checksum does not fit');
  return JSON.parse(data) as CheckpointData;
}
