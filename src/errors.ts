/**
 * Every error that tailmeter raises on purpose, with a stable code. Anything else that surfaces is a bug.
 * Errors of one line or one event are no exceptions but values (`DeadReason` in `types.ts`).
 */

/** Base class: a message for a person, a code for machines, the exit code of a command that fails with it. */
export abstract class TailmeterError extends Error {
  abstract readonly code: string;
  readonly exitCode: 1 | 2 = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /** Where, in the notation of the file: `destinations[0].endpoint_addrs`; empty for the file itself. */
  readonly path: string;
  /** What is wrong: `wrong type: expected array, got string`. */
  readonly message: string;
}

/** The configuration cannot be used. Carries every problem, not only the first. */
export class ConfigError extends TailmeterError {
  readonly code = 'TM_CONFIG';
  override readonly exitCode = 2;

  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ path, message }) => (path === '' ? `${file}: ${message}` : `${file}: ${path}: ${message}`))
        .join('\n'),
    );
    this.file = file;
    this.problems = problems;
  }
}

/** The command line asks for something that makes no sense. */
export class UsageError extends TailmeterError {
  readonly code = 'TM_USAGE';
  override readonly exitCode = 2;
}

/** Another process owns the state directory. */
export class StateDirLockedError extends TailmeterError {
  readonly code = 'TM_STATE_LOCKED';

  readonly stateDir: string;
  readonly owner: string;

  constructor(stateDir: string, owner: string) {
    super(`${stateDir} is in use by ${owner}; stop it first, or give this one another state_dir`);
    this.stateDir = stateDir;
    this.owner = owner;
  }
}

/** A chunk file does not hold what its header promises. */
export class CorruptChunkError extends TailmeterError {
  readonly code: string = 'TM_CHUNK_CORRUPT';

  readonly file: string;
  readonly detail: string;

  constructor(file: string, detail: string, options?: ErrorOptions) {
    super(`${file}: ${detail}`, options);
    this.file = file;
    this.detail = detail;
  }
}

/** A chunk file is whole, but in a format that only a later version knows. It stays where it is. */
export class NewerChunkError extends CorruptChunkError {
  override readonly code = 'TM_CHUNK_NEWER';
}

/** The state directory cannot be read or written: a wrong owner, a read-only or missing file system. */
export class StateDirError extends TailmeterError {
  readonly code = 'TM_STATE_DIR';
}

/** A file operation in the state directory failed: the error that says so. What is no such failure stays as it is. */
export function stateDirError(stateDir: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const remedy =
    cause.code === 'EACCES' || cause.code === 'EPERM' ? "; run this as root or as the daemon's user" : '';
  return new StateDirError(`cannot read the state directory ${stateDir}: ${cause.message}${remedy}`, {
    cause,
  });
}

/** The operating system refused something. Its message says what, and where. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** A log that was named on the command line cannot be read, or not to its end. */
export class LogReadError extends TailmeterError {
  readonly code = 'TM_LOG_READ';

  readonly file: string;
  /** Uncompressed bytes of the log that were delivered before. */
  readonly offset: number;

  constructor(file: string, offset: number, detail: string, options?: ErrorOptions) {
    super(offset === 0 ? `${file}: ${detail}` : `${file}: ${detail} (read up to byte ${offset})`, options);
    this.file = file;
    this.offset = offset;
  }
}

/** A log is packed in a way that is not read, or not read there. */
export class PackedLogError extends TailmeterError {
  readonly code = 'TM_LOG_PACKED';
  override readonly exitCode = 2;

  readonly file: string;
  /** What is wrong with the file, and the remedy. */
  readonly detail: string;
  /** It is a log that is followed, not one that was rotated away. */
  readonly isFollowed: boolean;

  constructor(file: string, detail: string, isFollowed = false) {
    super(`${file} ${detail}`);
    this.file = file;
    this.detail = detail;
    this.isFollowed = isFollowed;
  }
}

/** A part of an archive is not what was packed, or cannot be told to be: nothing of it is read. */
export class DamagedArchiveError extends TailmeterError {
  readonly code = 'TM_ARCHIVE_DAMAGED';

  /** Packed bytes that are not read. */
  readonly from: number;
  readonly to: number;
  /** Where they would begin, unpacked. */
  readonly unpackedFrom: number;
  readonly reason: string;

  constructor(damage: { from: number; to: number; unpackedFrom: number; reason: string }) {
    const { from, to, unpackedFrom, reason } = damage;
    super(
      `packed bytes ${from} to ${to} (unpacked from byte ${unpackedFrom} on) do not verify: ${reason}; nothing of them is read: replace the file by a whole copy, or bill what it holds unverified with tailmeter replay --accept-damaged`,
    );
    this.from = from;
    this.to = to;
    this.unpackedFrom = unpackedFrom;
    this.reason = reason;
  }
}

/** Lago refuses to tell what an audit asks, or cannot be reached. */
export class LagoAnswerError extends TailmeterError {
  readonly code = 'TM_LAGO_ANSWER';
}

/** The sandbox cannot listen where it should. */
export class ListenError extends TailmeterError {
  readonly code = 'TM_LISTEN';
}

/** The demo cannot go on: its gateway, its Lago or its events do not do what they should. */
export class DemoError extends TailmeterError {
  readonly code = 'TM_DEMO';
}
