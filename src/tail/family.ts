/**
 * One followed path: the generation it names now, and those that were rotated away from it and are not read to their
 * end yet. Keeps their order, oldest first, and knows when a rotated one is over.
 */
import type { GenerationReader } from './reader.ts';

/** How long a file without any name is read on when nothing follows it: it occupies the disk meanwhile. */
const REMOVED_WAIT_MS = 60_000;

export class Family {
  readonly path: string;
  /** Oldest first. The last one is `current`, when there is one. */
  readonly readers: GenerationReader[] = [];
  current: GenerationReader | undefined;
  /** The path names a file, though perhaps not one that can be opened. */
  named = false;
  /** Was reported as found since it was last missing. */
  announced = false;
  /** Its folder was searched for rotated files before: what turns up now is new. */
  searched = false;
  /** What was reported about the path and still holds. */
  trouble: 'missing' | 'unreadable' | undefined;
  /** Just lost its path; to be reported once it is known where it went. */
  departed: GenerationReader | undefined;
  /** Something may have changed since the last turn that found nothing to do. */
  awake = true;
  /** Something was delivered since this was last set to false. */
  active = false;

  constructor(path: string) {
    this.path = path;
  }

  /** The path names this one now. */
  promote(reader: GenerationReader): void {
    this.retire();
    this.remove(reader);
    this.readers.push(reader);
    this.current = reader;
    reader.path = this.path;
    if (reader.life.state === 'rotated') reader.life.become('live');
    this.named = true;
  }

  /** The path does not name the current one any more. */
  retire(): void {
    const reader = this.current;
    if (reader === undefined) return;
    this.current = undefined;
    this.departed = reader;
    if (reader.life.state === 'live') reader.life.become('rotated');
  }

  /** Adds one that was found among the rotated files: newer than those that are read already, older than the path's. */
  insert(reader: GenerationReader): void {
    const end = this.current === undefined ? this.readers.length : this.readers.length - 1;
    this.readers.splice(end, 0, reader);
  }

  /** What was truncated continues as another generation in the same place. */
  replace(reader: GenerationReader, next: GenerationReader): void {
    this.readers[this.readers.indexOf(reader)] = next;
    if (this.current === reader) this.current = next;
  }

  remove(reader: GenerationReader): void {
    const at = this.readers.indexOf(reader);
    if (at >= 0) this.readers.splice(at, 1);
    if (this.current === reader) this.current = undefined;
  }

  /** Nothing more is awaited from a reader that has been read to its present end. */
  isOver(reader: GenerationReader, rotateWaitMs: number): boolean {
    if (!reader.log.content.growing) return true;
    if (reader === this.current) return false;
    const followed = this.named || this.readers.at(-1) !== reader;
    if (followed) return reader.quietMs >= rotateWaitMs;
    return reader.removed && reader.quietMs >= Math.max(rotateWaitMs, REMOVED_WAIT_MS);
  }
}
