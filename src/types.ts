/**
 * The vocabulary of the pipeline, in the order of a log line's way:
 * Generation → LineBlock → (mapped) event bytes → SealedChunk → LoadedChunk → settled.
 *
 * Stages import this file and `errors.ts`, never each other; `pipeline.ts` alone knows them all.
 */
import type { ByteWriter } from './bytes.ts';
import type { LogRange } from './log-range.ts';
import type { Mark } from './mark.ts';
import type { LineLoss } from './loss.ts';
import type { TimeLimits } from './time-limits.ts';

/** Hands out the time and waits; tests move it, production uses `systemClock` of `clock.ts`. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `ms`, or at once (without an error) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// ---------------------------------------------------------------- tail

/** One life of a log file, from its creation until it is renamed away, truncated or deleted. */
export interface Generation {
  /** Device and inode, decimal. Empty when the content was found in an archive (`.gz`). */
  readonly dev: string;
  readonly ino: string;
  /** Hash (32 hex digits) of the first `fingerprintBytes` bytes: the first line without its newline, at most 1,024 bytes. */
  readonly fingerprint: string;
  readonly fingerprintBytes: number;
  /** Of several that begin alike in one file, one after the other (or in archives): which one. Absent for the first. */
  readonly twin?: number;
  /** Where it was last seen. Names change under rotation: use it to tell a person, never as identity. */
  readonly path: string;
}

/** What is known of one generation of a source: everything below `offset` is durable or skipped. */
export interface GenerationPosition extends Generation {
  /** Bytes from the start of the (uncompressed) generation. */
  readonly offset: number;
  /** Of what stands before the offset. Absent where that is not known: nothing was read yet, or 0.1.0 wrote the state. */
  readonly mark?: Mark;
  /** Nothing more will be read from it; kept for a while so that it is recognised among rotated files. */
  readonly ended: boolean;
}

/** What the books say of one generation: what became of its bytes [start, offset). */
export interface GenerationAccount extends GenerationPosition {
  /** Where reading began: 0, or the size of a log that was there before (`start_at: end`). */
  readonly start: number;
  readonly counts: Readonly<SourceCounts>;
  /** Failed lines without a letter, since `start`, and where they stand; absent when there are none. */
  readonly sampled?: {
    readonly [reason in DeadReason]?: { readonly letters: number; readonly ranges: readonly SampledRange[] };
  };
}

/** Whole lines of one generation, as bytes. */
export interface LineBlock {
  readonly source: string;
  readonly generation: Generation;
  /** Offset of `bytes[0]` within the generation. */
  readonly offset: number;
  /** Ends with `\n`, except when `unterminated`. Only valid until the consumer has returned (and its promise settled). */
  readonly bytes: Buffer;
  /** NUL bytes that were skipped right before `offset`; none by default. With nothing behind it `bytes` is empty. */
  readonly hole?: number;
  /** The last line has no newline: the generation has ended, or a hole follows. */
  readonly unterminated: boolean;
}

/** A line longer than `max_line_bytes`; only its beginning was kept. */
export interface OversizeLine {
  readonly source: string;
  readonly generation: Generation;
  readonly offset: number;
  /** As in `LineBlock`. */
  readonly hole?: number;
  /** Bytes of the whole line, without the newline. */
  readonly length: number;
  /** Its first bytes (at most 64 KiB). */
  readonly head: Buffer;
  /** Its last bytes, with the newline: as many as a mark needs. */
  readonly tail: Buffer;
  /** Offset of the byte after the line and its newline: where reading goes on. */
  readonly nextOffset: number;
}

/** Where reading of a generation starts. */
export interface GenerationStart extends Pick<LineBlock, 'generation' | 'offset'> {
  /** What stands before, as many bytes as a mark needs. */
  readonly before?: Buffer;
}

/** What a tailer (or the reader of finished files) delivers to. A returned promise is back-pressure: nothing more comes until it settles. */
export interface LineConsumer {
  /**
   * Reading of the generation starts, or goes on, at `offset`: to be known after a restart, also if no line follows.
   * `before` stands there: as many bytes as a mark needs, or as there are; valid during the call.
   */
  started?(source: string, generation: Generation, offset: number, before?: Buffer): void | Promise<void>;
  /** Announces several calls of `started` for one source: after a restart all of them are to be known, or none. */
  starting?(source: string, starts: readonly GenerationStart[]): void | Promise<void>;
  lines(block: LineBlock): void | Promise<void>;
  oversize(line: OversizeLine): void | Promise<void>;
  /**
   * All of the generation has been delivered, up to `offset`. Nothing more comes from it, unless its file grows
   * after all (a writer that was later than `rotate_wait`): then `started` is called again, and lines follow.
   */
  ended(source: string, generation: Generation, offset: number): void | Promise<void>;
  /**
   * A part of a generation cannot be read. Resolves, when that is durable, to its id in the books. With `isEnd` the
   * generation has ended, as if `ended` had been called, in the same durable step.
   */
  lost?(loss: LineLoss): Promise<string>;
}

/**
 * - `live`: the followed path names it, and it is read.
 * - `detached`: so it does, but whatever follows it will not be seen at this path: a file that is mounted by itself was
 *   replaced where it comes from.
 * - `rotated`: another one took its path; it is read to its end.
 * - `new`: not begun yet: its first line is not complete, or nobody has looked at it yet.
 * - `truncated`: it was emptied; what it holds now is not begun yet.
 * - `missing`: not read to its end, and not to be found for now.
 */
export type ReadState = 'live' | 'detached' | 'rotated' | 'new' | 'truncated' | 'missing';

/** How far a generation has been read, and how much more there is, for status. */
export interface ReadProgress {
  readonly source: string;
  readonly path: string;
  /** Empty while it is not known. */
  readonly fingerprint: string;
  /** Bytes read and handed on. */
  readonly offset: number;
  /** Bytes there are now, also in a generation that waits its turn; null when not known, as of one that is packed. */
  readonly size: number | null;
  readonly state: ReadState;
}

/** Something that could not be looked at: what is unread there is not known. */
export interface Unknown {
  readonly path: string;
  /** Why, as a part of a sentence for a person. */
  readonly reason: string;
}

/** What is unread of a source, as far as that is known. */
export interface SourceSurvey {
  readonly files: readonly ReadProgress[];
  readonly unknown: readonly Unknown[];
  /** Files that are not billed as it is not clear whose they are. */
  readonly ignored: readonly IgnoredFile[];
}

/** A file beside a log (or in `rotated`) that may be a rotated one of it, but is not clearly: it is not billed. */
export interface IgnoredFile extends Generation {
  /** Device and inode, of an archive as well. */
  readonly key: string;
  readonly bytes: number;
  /** Why it is not billed: the end of a sentence for a person. */
  readonly why: string;
  /** Only for its name: `rotated` that names it has it judged anew. */
  readonly unnamed?: true;
}

// ---------------------------------------------------------------- map

/** What became of a line: at least one event (`mapped`), only dead letters (`dead`), or nothing (`skipped`). */
export type LineOutcome = 'mapped' | 'dead' | 'skipped';

/** Why something could not be delivered. Stable: they stand in dead letters, logs and documentation. */
export const DEAD_REASONS = [
  // a line
  'not_json',
  'line_too_long',
  'unterminated_line',
  // a rule of a line
  'missing_transaction_id',
  'invalid_transaction_id',
  'missing_subscription',
  'invalid_subscription',
  'missing_timestamp',
  'invalid_timestamp',
  'implausible_timestamp',
  'invalid_property',
  // an event at its destination
  'rejected',
  'poison',
  'too_large',
  'refused',
  'retries_exhausted',
] as const;

export type DeadReason = (typeof DEAD_REASONS)[number];

/** A line, or one rule's event of a line, that could not be mapped. */
export interface LineFailure {
  readonly reason: DeadReason;
  /** One sentence for a person: what was wrong and where. */
  readonly message: string;
  /** Name of the rule; absent when the line itself could not be parsed. */
  readonly rule?: string;
}

/** Takes what the mapper makes of one line. All calls are synchronous. */
export interface LineSink {
  /** A time outside them is a dead letter. */
  readonly limits: TimeLimits;
  /**
   * The bytes of the open chunk of a destination (its index in `destinations`). Append one event as JSON without
   * a newline, starting `{"transaction_id":"`, then call `event`. Bytes without that call are taken back.
   */
  writer(destination: number): ByteWriter;
  /** The event just written to `writer(destination)` is complete. */
  event(destination: number): void;
  dead(failure: LineFailure): void;
}

/** Room for events: where its parts lie in a memory, and what fits. */
export interface EventRoom {
  readonly memory: ArrayBufferLike;
  readonly body: number;
  readonly bodyBytes: number;
  readonly starts: number;
  readonly lines: number;
  /** Events that are there. */
  readonly events: number;
}

/** A sink that takes events of many lines at once. */
export interface RunSink {
  /** A line with a time outside them is none that needs no attention. */
  readonly limits: TimeLimits;
  /** Room for more events of a destination; undefined when they have none in one piece. */
  room(destination: number): EventRoom | undefined;
  /** So many lines have each put one event into the room. */
  took(destination: number, lines: number): void;
}

/** Where a line stands; with the bytes it determines `${log_id}`. */
export interface LinePlace {
  readonly generation: Generation;
  readonly offset: number;
}

/** Counters of oddities that a mapper repaired instead of refusing. */
export interface Repairs {
  /** Lines with `\xHH` escapes (`escape=default`) that were made JSON. */
  hexEscapes: number;
  /** Lines with a bare `-`, a bare list (`0.1, 0.2`), a padded number (`000`) or nothing where a value belongs. */
  bareDashes: number;
  /** Lines with bytes that are not UTF-8. */
  invalidUtf8: number;
}

/** Lines by the way in which they were mapped, fastest first; `docs/mapping.md` explains them. */
export interface PathCounts {
  /** The line had the shape of an earlier one. */
  skeleton: number;
  /** All of its bytes had to be looked at. */
  scan: number;
  /** It had to be parsed. */
  parse: number;
}

/** Parses and maps the lines of one source by the compiled rules. */
export interface LineMapper {
  /**
   * Maps the line at `bytes[start, end)` (without its newline) and writes events and failures to `sink`.
   * Never throws for what a line contains.
   */
  map(bytes: Buffer, start: number, end: number, place: LinePlace, sink: LineSink): LineOutcome;
  /**
   * Maps lines from `bytes[start, …)` on, as long as each gives one event of a kind that needs no more attention.
   * Returns where the first line begins that is not mapped yet; it is to be given to `map`.
   * @param offset of `bytes[start]` in the log @param mostEvents that the room may then hold
   */
  mapRun(bytes: Buffer, start: number, offset: number, sink: RunSink, mostEvents: number): number;
  /** Where the line that starts at `start` ends: at its newline, or at the end of `bytes`. */
  lineEnd(bytes: Buffer, start: number): number;
  readonly repairs: Repairs;
  readonly paths: Readonly<PathCounts>;
}

// ---------------------------------------------------------------- spool

/** Usage counts of a source. `lines = skipped + dead + mapped`, always. */
export interface SourceCounts {
  lines: number;
  skipped: number;
  dead: number;
  mapped: number;
  /** Of the mapped ones: those that gave an id which another line had given shortly before. Lago bills only one. */
  repeated: number;
  /** Bytes of holes: NULs before a line, or in its middle. Absent when there were none. */
  nulBytes?: number;
}

/** Counts of a destination. `events = delivered + duplicates + dead + pending`, always. */
export interface DestinationCounts {
  events: number;
  delivered: number;
  duplicates: number;
  dead: number;
  /** Of the dead ones: those without a letter, as their chunk was damaged or deleted. The logs may still have them. */
  lost: number;
}

/** How the events of one chunk were settled; the sum is the number of its events. */
export interface Settlement {
  delivered: number;
  duplicates: number;
  dead: number;
}

/** A durable chunk that waits for its delivery, and the part of the log that it was made from. */
export interface SealedChunk extends LogRange {
  readonly destination: string;
  /** Unique and increasing within a state directory, never used twice. */
  readonly sequence: number;
  readonly file: string;
  /** Size of the file; another one when it had to be made anew. */
  bytes: number;
  readonly events: number;
  /** CRC-32 of its events as they lie in the file: whatever is read again must have it, too. */
  readonly checksum: number;
  /** By which times of its range were found implausible; absent when none was, and then all are plausible. */
  readonly limits?: TimeLimits;
}

/** A chunk in memory, verified against its checksum. */
export interface LoadedChunk {
  readonly chunk: SealedChunk;
  readonly source: string;
  readonly generation: Generation;
  /** The events, one after the other, each followed by a newline. */
  readonly body: Buffer;
  /** `events + 1` positions in `body`: event i is `body[starts[i], starts[i + 1] - 1)`. */
  readonly starts: Uint32Array;
  /** Offset in the log of the line that gave event i. */
  readonly lineOffsets: Float64Array;
  /** The same for events with the same transaction id; absent when nobody has looked at the ids yet. */
  readonly idHashes?: Int32Array;
}

/** One line of `dead/*.ndjson`. */
export interface DeadLetter {
  /** The same failure has the same id, also after a crash and a second pass. */
  readonly id: string;
  /** RFC 3339, when it was given up. */
  readonly time: string;
  readonly reason: DeadReason;
  readonly message: string;
  readonly source: string;
  readonly path: string;
  readonly fingerprint: string;
  readonly offset: number;
  readonly rule?: string;
  readonly destination?: string;
  /** What Lago answered. */
  readonly answer?: { readonly status: number; readonly body: string };
  /** Of `implausible_timestamp`: which times were plausible when the line was read, RFC 3339. */
  readonly plausible?: { readonly earliest: string; readonly latest: string };
  /** The event as it was sent. A letter of a line has none: the line says it all. */
  readonly event?: Readonly<Record<string, unknown>>;
  /** The raw line (of one that is too long: its first 64 KiB) when it is valid UTF-8 … */
  readonly line?: string;
  /** … or its bytes when it is not. */
  readonly line_base64?: string;
  /** Bytes of the whole line, where only its beginning was kept. */
  readonly line_bytes?: number;
}

/** So many letters were left out for lines that begin in bytes [from, to) of a log. */
export type SampledRange = readonly [from: number, to: number, letters: number];

/** Of one range of a log: letters that were left out, by reason. */
export type Sampled = { readonly [reason in DeadReason]?: SampledRange };

/** What a dispatcher may do with the spool of its destination. */
export interface DeliveryQueue {
  /** Up to `limit` of the oldest sealed chunks that have not been taken since the start; never the same one twice. */
  take(limit: number): readonly SealedChunk[];
  /** Reads and verifies. Rejects with `CorruptChunkError`; any other error is worth another try. */
  load(chunk: SealedChunk): Promise<LoadedChunk>;
  /**
   * Brings the events of a corrupt chunk back from the log: true when it can be loaded again. When they are nowhere,
   * the chunk is moved out of the way, and its events are accounted for. May take long; rejects when it is worth
   * another try.
   */
  restore(chunk: SealedChunk, cause: Error): Promise<boolean>;
  /** Makes dead letters of events of a taken chunk durable; safe to repeat. */
  bury(letters: readonly DeadLetter[], chunk: SealedChunk): Promise<void>;
  /** Every event of the chunk is settled; the spool deletes it once the checkpoint says so too. */
  settled(chunk: SealedChunk, settlement: Settlement): void;
}

/** What a destination's shipper tells status. */
export interface DeliveryStatus {
  readonly destination: string;
  readonly inFlight: number;
  /** Events that are settled in chunks which are not settled as a whole: the books have them as pending. */
  readonly settling: Readonly<Settlement>;
  readonly endpoints: readonly {
    readonly address: string;
    readonly breaker: 'closed' | 'open' | 'half_open';
    /** Requests in flight that it can take, as far as is found out; at most `concurrency`. */
    readonly limit: number;
    /** Present while it grants only so many: by its `X-RateLimit` headers, or since it answered 429. */
    readonly requestsPerSecond?: number;
    /** RFC 3339; absent when closed. */
    readonly retryAt?: string;
    /** Present while it refuses everything (401, 404 …): when it is asked again, and what to do. */
    readonly held?: { readonly retryAt: string; readonly remedy: string };
  }[];
  /** Events that fail while others do not, and wait apart for another try; `full`: there is no room for more. Absent for none. */
  readonly suspects?: { readonly events: number; readonly full: boolean };
  /** Present while all endpoints refuse everything: when the first is asked again, and what to do about it. */
  readonly held?: { readonly retryAt: string; readonly remedy: string };
  /** The last failure, in the words of the log; absent when there was none. */
  readonly lastError?: { readonly time: string; readonly message: string };
}
