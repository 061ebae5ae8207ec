/** What the parts of one followed source share. */
import type { SourceConfig } from '../config/types.ts';
import type { Reporter } from '../observe/events.ts';
import type { GenerationPosition, LineConsumer } from '../types.ts';
import type { ReadBuffer } from './line-reader.ts';
import type { Sighting } from './registry.ts';

/** The part of a source's configuration that tailing needs. */
export type TailSource = Pick<SourceConfig, 'path' | 'start_at' | 'max_line_bytes' | 'rotate_wait'>;

/** What the other sources of the tailer have to do with a file. */
export interface OtherSources {
  /** The path under which another source has the file (device and inode) open. */
  holderOf(key: string): string | undefined;
  /** How far another source has read a generation that it does not follow any more; 0 when there is none. */
  readUpTo(sighting: Sighting): Promise<number>;
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
}
