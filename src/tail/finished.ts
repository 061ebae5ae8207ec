/**
 * Reads a bounded list of finished logs (plain or packed) from beginning to end. It gives the same blocks,
 * fingerprints and offsets as the tailer gives for the same generations: the same line reader does the work.
 */
import { isSystemError, LogReadError, PackedLogError } from '../errors.ts';
import { MARK_BYTES } from '../mark.ts';
import type { Generation, GenerationStart, LineConsumer } from '../types.ts';
import { isTarKind } from './archive.ts';
import { ArchiveContent, type ReadPurpose } from './archive-content.ts';
import type { Opened } from './comparison.ts';
import { openLog, type Content, type OpenLog } from './content.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import { LineReader, ReadBuffer, type Piece } from './line-reader.ts';
import { packedLine, packedWithin, type LogKind } from './packing.ts';
import { isMissing } from './siblings.ts';
import type { Damage } from './verification.ts';

export interface FinishedOptions {
  /** The configured path as whose log the files are read. */
  readonly source: string;
  readonly maxLineBytes: number;
  readonly consumer: LineConsumer;
  /** Stops between two blocks. */
  readonly signal?: AbortSignal;
  /** Memory of READ_BYTES that lines are to be read into. */
  readonly readInto?: Buffer;
  /** Which generation of the books a log is, and where to go on in it; `open` opens it once more. At 0 by default. */
  readonly resume?: (
    generation: Generation,
    open: () => Promise<Opened>,
  ) => GenerationStart | Promise<GenerationStart>;
  /** Reads also what does not verify, as far as it unpacks; called before the first such line is delivered. */
  readonly acceptDamaged?: (found: UnverifiedPart) => void | Promise<void>;
}

/** A part of a log that is read though it does not verify. */
export interface UnverifiedPart {
  readonly path: string;
  readonly generation: Generation;
  /** Uncompressed bytes from here on. */
  readonly from: number;
  readonly damage: Damage;
}

export interface FinishedFile {
  readonly path: string;
  /** Absent when the file is empty. */
  readonly generation?: Generation;
  /** Uncompressed bytes that were delivered, those before the start included. */
  readonly bytes: number;
  /** What of it does not verify, and how many lines that gave. */
  readonly unverified?: UnverifiedPart & { readonly lines: number };
}

/**
 * Delivers the files one after the other; an archive of several files gives an entry for each of them. Rejects with
 * `LogReadError` or `PackedLogError`, before anything is read, when a file is missing, may not be read, or is packed in
 * a way that is not read; and, after all whole lines before it were delivered, at damage within a file. What the
 * consumer rejects with is passed on.
 */
export async function readFinished(
  files: readonly string[],
  options: FinishedOptions,
): Promise<FinishedFile[]> {
  for (const file of files) {
    const { content, kind } = await openFinished(file, 'identify');
    await content.close();
    await refuseUnreadWithin(file, kind);
  }
  const buffer = new ReadBuffer(options.readInto);
  const summaries: FinishedFile[] = [];
  for (const file of files) {
    if (options.signal?.aborted === true) break;
    const log = await openFinished(file, options.acceptDamaged === undefined ? 'read' : 'salvage');
    let content: Content | undefined = log.content;
    try {
      for (let member = 0; content !== undefined; member++) {
        summaries.push(await readOne({ log, content, member }, buffer, options));
        content = content instanceof ArchiveContent ? await following(file, content, options) : undefined;
      }
    } finally {
      await log.content.close();
    }
  }
  return summaries;
}

/** @throws PackedLogError for the first file that is packed in a way that is not read */
export async function refuseUnread(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const log = await openLog(file, 'identify').catch((error: unknown) => {
      if (error instanceof PackedLogError) throw error;
      return undefined;
    });
    await log?.content.close();
    if (log !== undefined) await refuseUnreadWithin(file, log.kind);
  }
}

/** @throws PackedLogError for a tar archive that holds what is not read. Other trouble is for whoever reads it. */
async function refuseUnreadWithin(file: string, kind: LogKind): Promise<void> {
  if (kind === 'plain' || !isTarKind(kind)) return;
  const log = await openLog(file, 'read').catch(() => undefined);
  try {
    await log?.content.read(Buffer.allocUnsafe(1), 1, 0);
  } catch (error) {
    if (error instanceof PackedLogError) throw error;
  } finally {
    await log?.content.close();
  }
}

/**
 * Has an archive verified, so that reading it can begin at once. What is wrong with it is for whoever reads it.
 */
export async function verifyAhead(file: string, signal: AbortSignal): Promise<void> {
  const log = await openLog(file, 'read').catch(() => undefined);
  if (log === undefined) return;
  const close = (): Promise<void> => log.content.close();
  const aborted = (): void => void close();
  signal.addEventListener('abort', aborted, { once: true });
  await log.content.read(Buffer.allocUnsafe(1), 1, 0).catch(() => 0);
  signal.removeEventListener('abort', aborted);
  if (!signal.aborted) await close();
}

async function openFinished(file: string, purpose: ReadPurpose): Promise<OpenLog> {
  try {
    return await openLog(file, purpose);
  } catch (error) {
    if (error instanceof PackedLogError) throw error;
    const detail = isMissing(error) ? 'there is no such file' : `cannot be read: ${(error as Error).message}`;
    throw new LogReadError(file, 0, detail, { cause: error });
  }
}

async function following(
  file: string,
  content: ArchiveContent,
  { acceptDamaged }: Pick<FinishedOptions, 'acceptDamaged'>,
): Promise<ArchiveContent | undefined> {
  try {
    return await content.following();
  } catch (error) {
    // This is the end of what can be had.
    if (acceptDamaged !== undefined && !isSystemError(error)) return undefined;
    throw damage(file, 0, error);
  }
}

/** The same log once more, from its beginning, to see which one it is. */
async function openAgain(file: string, member: number): Promise<Opened> {
  const log = await openFinished(file, 'identify');
  let content: Content | undefined = log.content;
  for (let at = 0; at < member && content instanceof ArchiveContent; at++) {
    content = await following(file, content, {});
  }
  return { content: content ?? log.content, close: () => log.content.close() };
}

async function readOne(
  { log, content, member }: { log: OpenLog; content: Content; member: number },
  buffer: ReadBuffer,
  { source, maxLineBytes, consumer, signal, resume, acceptDamaged }: FinishedOptions,
): Promise<FinishedFile> {
  const { path } = log;
  let offset = 0;
  const reading = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw damage(path, offset, error);
    }
  };
  const count = await reading(content.read(buffer.few, FINGERPRINT_MAX_BYTES, 0));
  const head = buffer.few.subarray(0, count);
  let fingerprint = fingerprintOf(head, false);
  if (fingerprint === undefined) {
    // At damage within the first line there is nothing to identify: let it be told.
    await reading(content.read(buffer.bytes, 1, count));
    fingerprint = count === 0 ? undefined : fingerprintOf(head, true);
  }
  if (fingerprint === undefined) return { path, bytes: 0 };
  const found: Generation = {
    dev: content.growing ? log.dev : '',
    ino: content.growing ? log.ino : '',
    fingerprint: fingerprint.hash,
    fingerprintBytes: fingerprint.bytes,
    path,
  };
  const start = await reading(
    Promise.resolve(resume?.(found, () => openAgain(path, member)) ?? { generation: found, offset: 0 }),
  );
  const { generation } = start;
  const before = await reading(standsBefore(content, start.offset, buffer));
  ({ offset } = start);
  const lines = new LineReader(content, offset, maxLineBytes, buffer);
  await consumer.started?.(source, generation, offset, before);
  const unverified = unverifiedPart(content, generation);
  if (unverified !== undefined) await acceptDamaged?.(unverified);
  let unverifiedLines = 0;
  const deliver = async (piece: Piece, unterminated: boolean): Promise<void> => {
    const { offset: at, hole, end } = piece;
    if (unverified !== undefined && end > unverified.from)
      unverifiedLines += linesBehind(piece, unverified.from);
    const packed = packedLine(piece.oversize ? piece.head : piece.bytes);
    if (packed >= 0) {
      if (!piece.oversize && packed > 0) {
        const bytes = piece.bytes.subarray(0, packed);
        await consumer.lines({ source, generation, offset: at, hole, bytes, unterminated: false });
      }
      throw packedWithin(path, at + packed);
    }
    if (piece.oversize) {
      const { length, head, tail } = piece;
      await consumer.oversize({ source, generation, offset: at, hole, length, head, tail, nextOffset: end });
    } else {
      const { bytes, cut } = piece;
      await consumer.lines({
        source,
        generation,
        offset: at,
        hole,
        bytes,
        unterminated: unterminated || cut,
      });
    }
    lines.accept(piece);
    offset = end;
  };
  const outcome = (): FinishedFile => ({
    path,
    generation,
    bytes: offset,
    ...(unverified === undefined ? {} : { unverified: { ...unverified, lines: unverifiedLines } }),
  });
  try {
    for (;;) {
      if (signal?.aborted === true) return outcome();
      const piece = await reading(lines.next());
      if (piece === 'scanned') continue;
      const rest = piece ?? (await reading(lines.rest()));
      if (rest === undefined) break;
      await deliver(rest, piece === undefined);
    }
  } catch (error) {
    // What is accepted ends where nothing more unpacks; the line that this cuts off is none.
    if (unverified === undefined || !(error instanceof LogReadError) || isSystemError(error.cause))
      throw error;
    return outcome();
  }
  await consumer.ended(source, generation, offset);
  return outcome();
}

function unverifiedPart(content: Content, generation: Generation): UnverifiedPart | undefined {
  if (!(content instanceof ArchiveContent) || content.damage === undefined) return undefined;
  const { unverifiedFrom: from, damage } = content;
  return from === Infinity ? undefined : { path: generation.path, generation, from, damage };
}

/** Lines of a piece that end behind `from`. */
function linesBehind(piece: Piece, from: number): number {
  if (piece.oversize) return 1;
  const { bytes, offset } = piece;
  let count = 0;
  for (let at = Math.max(0, from - offset); at < bytes.length; count++) {
    const newline = bytes.indexOf(0x0a, at);
    at = newline < 0 ? bytes.length : newline + 1;
  }
  return count;
}

/** As many bytes as a mark needs; valid until the buffer is used again. */
async function standsBefore(content: Content, offset: number, { few }: ReadBuffer): Promise<Buffer> {
  const from = Math.max(0, offset - MARK_BYTES);
  content.forget(from);
  return few.subarray(0, offset === 0 ? 0 : await content.read(few, offset - from, from));
}

function damage(file: string, offset: number, error: unknown): LogReadError {
  return new LogReadError(file, offset, `cannot be read further: ${(error as Error).message}`, {
    cause: error,
  });
}
