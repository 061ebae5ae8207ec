/** What one source has to tell, without repeating itself. */
import { DamagedArchiveError, PackedLogError } from '../errors.ts';
import type { Reporter, TelemetryEvent } from '../observe/events.ts';

type OfSource<E> = E extends { event: string; source: string; path: string } ? Omit<E, 'source'> : never;
export type SourceEvent = OfSource<TelemetryEvent>;

/** What an error of a file is to operators. */
export function troubleWith(path: string, error: Error): SourceEvent {
  if (error instanceof DamagedArchiveError) {
    const { from, to, unpackedFrom, reason } = error;
    return { event: 'archive_damaged', path, from, to, unpackedFrom, reason };
  }
  if (!(error instanceof PackedLogError)) return { event: 'file_unreadable', path, error };
  return { event: error.isFollowed ? 'log_packed' : 'archive_unsupported', path, error };
}

export class SourceReports {
  readonly #reporter: Reporter;
  readonly #source: string;
  readonly #told = new Set<string>();

  constructor(reporter: Reporter, source: string) {
    this.#reporter = reporter;
    this.#source = source;
  }

  tell(event: SourceEvent): void {
    this.#reporter.report({ source: this.#source, ...event });
  }

  /** Only the first time for this subject, until it is forgotten. */
  tellOnce(subject: string, event: SourceEvent): void {
    if (this.#told.has(subject)) return;
    this.#told.add(subject);
    this.tell(event);
  }

  forget(subject: string): void {
    this.#told.delete(subject);
  }
}
