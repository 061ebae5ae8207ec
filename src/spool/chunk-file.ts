/** A chunk in a spool folder, in little memory: tens of thousands of them may wait. */
import { join } from 'node:path';
import type { SealedChunk } from '../types.ts';
import { chunkName, type ChunkName } from './layout.ts';
import type { TimeLimits } from '../time-limits.ts';

/** The spool folder of a destination; one object for all of its chunks. */
export interface ChunkFolder {
  readonly destination: string;
  readonly path: string;
}

export class ChunkFile implements SealedChunk {
  readonly sequence: number;
  readonly events: number;
  readonly fingerprint: string;
  readonly from: number;
  readonly to: number;
  readonly checksum: number;
  declare readonly limits?: TimeLimits;
  bytes: number;
  readonly #folder: ChunkFolder;

  /** @param bytes Size of the file. */
  constructor(folder: ChunkFolder, name: ChunkName, bytes: number) {
    this.sequence = name.sequence;
    this.events = name.events;
    this.fingerprint = name.fingerprint;
    this.from = name.from;
    this.to = name.to;
    this.checksum = name.checksum;
    if (name.limits !== undefined) this.limits = name.limits;
    this.bytes = bytes;
    this.#folder = folder;
  }

  get destination(): string {
    return this.#folder.destination;
  }

  /** Made when it is asked for: the path would take more memory than all the rest. */
  get file(): string {
    return join(this.#folder.path, chunkName(this));
  }
}
