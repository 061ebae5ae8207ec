/**
 * One followed path: the generation it names now, and those that were rotated away from it and are not read to their
 * end yet. Keeps their order, oldest first, and knows when a rotated one is over.
 */
import { FileMount } from './file-mount.ts';
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
  /** Folders (device and inode) that were searched for its rotated files: what turns up there now is new. */
  readonly listed = new Set<string>();
  /** How often the path was seen to name another file or none, or the file to be truncated. */
  turnovers = 0;
  /** `turnovers` at the last search; NaN when it could not be told then what the path names. */
  turnoversAtSearch = NaN;
  /** It cannot be told yet whether a file is an older generation of it: newer ones are not begun before. */
  held = false;
  /** What was reported about the path and still holds. */
  trouble: 'missing' | 'unreadable' | undefined;
  /** Of the last look at the path. */
  error: Error | undefined;
  readonly mount = new FileMount();
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
    this.turnovers++;
    reader.path = this.path;
    if (reader.life.state === 'rotated') reader.life.become('live');
    this.named = true;
  }

  /** The path does not name the current one any more. */
  retire(): void {
    const reader = this.current;
    if (reader === undefined) return;
    this.current = undefined;
    this.turnovers++;
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
    if (this.current !== reader) return;
    this.current = next;
    this.turnovers++;
  }

  remove(reader: GenerationReader): void {
    const at = this.readers.indexOf(reader);
    if (at >= 0) this.readers.splice(at, 1);
    if (this.current !== reader) return;
    this.current = undefined;
    this.turnovers++;
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
