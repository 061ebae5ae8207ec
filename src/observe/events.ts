/**
 * Every event that the daemon reports, in one place: the log lines and counters are derived from these.
 * Stages call `report`; what is written, and how, is decided in `reporter.ts`.
 */
import type { DeadReason } from '../types.ts';

export type TelemetryEvent =
  // ---- tail
  | { event: 'file_missing'; source: string; path: string }
  | { event: 'file_found'; source: string; path: string; offset: number }
  | { event: 'file_unreadable'; source: string; path: string; error: Error }
  | { event: 'file_readable_again'; source: string; path: string }
  /** The path is a mount of a single file: when it is rotated where it comes from, its successor does not come here. */
  | { event: 'file_mounted'; source: string; path: string }
  /** That has happened: the file has lost its name there, or has another one. */
  | { event: 'file_detached'; source: string; path: string }
  /** Packed bytes [from, to) do not verify; unpacked they would begin at `unpackedFrom`. Nothing of them was read. */
  | {
      event: 'archive_damaged';
      source: string;
      path: string;
      from: number;
      to: number;
      unpackedFrom: number;
      reason: string;
    }
  /** A replay reads them nevertheless, as it was told to. */
  | {
      event: 'unverified_accepted';
      source: string;
      path: string;
      from: number;
      to: number;
      unpackedFrom: number;
      reason: string;
    }
  /** A rotated file is packed in a way that is not read. */
  | { event: 'archive_unsupported'; source: string; path: string; error: Error }
  /** A followed path holds packed bytes, or names only packed files. */
  | { event: 'log_packed'; source: string; path: string; error: Error }
  | { event: 'file_claimed_twice'; source: string; path: string; owner: string }
  | {
      event: 'rotation';
      source: string;
      path: string;
      kind: 'renamed' | 'truncated' | 'replaced' | 'removed';
    }
  | { event: 'generation_found'; source: string; path: string; fingerprint: string; offset: number }
  | { event: 'generation_ended'; source: string; path: string; fingerprint: string; offset: number }
  /**
   * Lines that were never read: the generation is not found, or stands in a damaged archive. `to` is absent when its size
   * is unknown; `reason`: a sentence for a person; `searched`: folders and globs.
   */
  | {
      event: 'lines_lost';
      source: string;
      path: string;
      fingerprint: string;
      from: number;
      to?: number;
      /** In the books: to be acknowledged by. */
      id?: string;
      reason: string;
      searched: readonly string[];
    }
  /** A file beside a log may be a rotated one of it, but is not clearly: it is not billed. `command` would bill it. */
  | { event: 'file_ignored'; source: string; path: string; bytes: number; why: string; command: string }
  // ---- map
  | { event: 'line_dead'; source: string; path: string; offset: number; reason: DeadReason; message: string }
  /** The line gave an event whose id another line had given shortly before: Lago bills only one of them. */
  | { event: 'repeated_id'; source: string; path: string; offset: number; transactionId: string }
  /** NUL bytes before a line or in it: a file that was truncated under its writer, or a loss of power. */
  | { event: 'hole_skipped'; source: string; path: string; offset: number; bytes: number }
  /** An equal line at an equal place of another log, which begins alike, gave the same id. Once per pair of logs. */
  | {
      event: 'shared_ids';
      source: string;
      path: string;
      otherPath: string;
      offset: number;
      transactionId: string;
    }
  /** Lago finds no subscription by a name that begins or ends with a space that its own does not have. */
  | {
      event: 'padded_subscription';
      source: string;
      path: string;
      offset: number;
      subscription: string;
      events: number;
    }
  // ---- spool
  | {
      event: 'spool_paused';
      cause: 'full' | 'disk_low' | 'write_failed' | 'dead_full' | 'clock';
      message: string;
    }
  /** `dead.max_bytes` is reached: from here on lines that fail are only counted, with the ranges they stand in. */
  | { event: 'letters_sampled'; folder: string; bytes: number; maxBytes: number }
  /** There is room for letters again; so many were left out meanwhile. */
  | { event: 'letters_kept_again'; folder: string; bytes: number; letters: number }
  | { event: 'spool_resumed' }
  /** A damaged or deleted chunk waits again: its events were read once more from the log at `path`. */
  | { event: 'chunk_restored'; destination: string; file: string; path: string; events: number; error: Error }
  | { event: 'chunk_quarantined'; destination: string; file: string; error: Error }
  /** Written by a later version: left where it is, not shipped. */
  | { event: 'chunk_too_new'; destination: string; file: string; error: Error }
  /** The books say that these events wait, but no chunk holds them. They count as dead. */
  | { event: 'events_missing'; destination: string; events: number }
  /** Events wait for a destination that the configuration no longer has. */
  | { event: 'destination_unknown'; destination: string; chunks: number; events: number }
  /** A log of a source that the configuration no longer has was not read to its end, as far as is known. */
  | { event: 'source_unknown'; source: string; path: string; offset: number }
  | { event: 'checkpoint_failed'; error: Error }
  | { event: 'checkpoint_damaged'; file: string; error: Error }
  // ---- ship
  /** A whole batch failed. `message` is the reason in the plugin's words: `lago api returned status: 500, body: …`. */
  | { event: 'batch_failed'; destination: string; message: string; retryInMs: number; attempt: number }
  /** Some events of the batch were refused: `done` of `total` are settled with that, the rest is sent again. */
  | { event: 'batch_partly_failed'; destination: string; message: string; done: number; total: number }
  | { event: 'retries_exhausted'; destination: string; maxRetryCount: number; events: number }
  | { event: 'endpoint_open'; destination: string; address: string; retryInMs: number; cause: string }
  | { event: 'endpoint_closed'; destination: string; address: string }
  /** One endpoint of several refuses everything (401, 404 …): the others go on. `remedy` says what to do. */
  | {
      event: 'endpoint_held';
      destination: string;
      address: string;
      retryInMs: number;
      message: string;
      remedy: string;
    }
  /** All endpoints refuse everything: held until it is mended. `remedy` says what to do. */
  | { event: 'destination_held'; destination: string; message: string; remedy: string }
  /** After a refusal the token, or certificate files, were read again, and are others now. */
  | { event: 'credentials_renewed'; destination: string; token: boolean; files: boolean }
  /** Many events fail while others do not: there is no room for more of them beside the queue. */
  | { event: 'suspects_full'; destination: string; events: number }
  | { event: 'event_dead'; destination: string; reason: DeadReason; message: string }
  | { event: 'insecure_endpoint'; address: string }
  | { event: 'batch_size_lowered'; destination: string; size: number }
  // ---- life of the daemon
  | {
      event: 'started';
      version: string;
      pid: number;
      stateDir: string;
      sources: number;
      destinations: number;
    }
  /** What a start found: events that wait, and ranges of logs that were durable though no checkpoint said so yet. */
  | { event: 'recovered'; pendingEvents: number; chunks: number; ranges: number }
  | { event: 'stopping'; signal: string }
  | { event: 'stopped'; pendingEvents: number };

/** Takes telemetry events; never throws. */
export interface Reporter {
  report(event: TelemetryEvent): void;
}
