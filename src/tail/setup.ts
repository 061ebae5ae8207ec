/** What the parts of one followed source share. */
import type { SourceConfig } from '../config/types.ts';
import type { Reporter } from '../observe/events.ts';
import type { GenerationPosition, IgnoredFile, LineConsumer } from '../types.ts';
import type { ReadBuffer } from './line-reader.ts';
import type { Sighting } from './registry.ts';

/** The part of a source's configuration that tailing needs. */
export type TailSource = Pick<SourceConfig, 'path' | 'start_at' | 'max_line_bytes' | 'rotate_wait'> &
  Partial<Pick<SourceConfig, 'rotated'>>;

/** What the other sources of the tailer have to do with a file. */
export interface OtherSources {
  /** The path under which another source has the file (device and inode) open. */
  holderOf(key: string): string | undefined;
  /** Another source follows this path: it is never a rotated file of this one. */
  follows(path: string): boolean;
  /** The glob of another source names this rotated file. */
  matches(path: string): boolean;
  /** How far another source has read a generation that it does not follow any more; 0 when there is none. */
  readUpTo(sighting: Sighting): Promise<number>;
}

/** What is remembered of ignored files, across restarts. None of its methods rejects. */
export interface IgnoredBook {
  /** Those that an earlier run has left. */
  of(source: string): readonly IgnoredFile[];
  keep(source: string, files: readonly IgnoredFile[]): Promise<void>;
  /** Whether the file was replayed, as far as it goes now. */
  isReplayed(file: IgnoredFile): Promise<boolean>;
  /** What bills the file after all. */
  command(source: string, path: string): string;
}

export interface SourceSetup {
  readonly source: TailSource;
  readonly positions: readonly GenerationPosition[];
  readonly consumer: LineConsumer;
  readonly reporter: Reporter;
  readonly buffer: ReadBuffer;
  /** When the daemon started, Unix nanoseconds. */
  readonly startedNs: bigint;
  /** Monotonic milliseconds: a wall clock that jumps must not end a generation. */
  readonly elapsed: () => number;
  readonly others: OtherSources;
  readonly ignored: IgnoredBook;
}
