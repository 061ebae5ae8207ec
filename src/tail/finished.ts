/**
 * Reads a bounded list of finished logs (plain, `.gz`, `.tar.gz`) from beginning to end. It gives the same blocks,
 * fingerprints and offsets as the tailer gives for the same generations: the same line reader does the work.
 */
import { LogReadError } from '../errors.ts';
import { MARK_BYTES } from '../mark.ts';
import type { Generation, GenerationStart, LineConsumer } from '../types.ts';
import { ArchiveContent } from './archive-content.ts';
import type { Opened } from './comparison.ts';
import { openLog, type Content, type OpenLog } from './content.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import { LineReader, ReadBuffer, type Piece } from './line-reader.ts';
import { isMissing, kindOf } from './siblings.ts';

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
}

export interface FinishedFile {
  readonly path: string;
  /** Absent when the file is empty. */
  readonly generation?: Generation;
  /** Uncompressed bytes that were delivered, those before the start included. */
  readonly bytes: number;
}

/**
 * Delivers the files one after the other; an archive of several files gives an entry for each of them. Rejects with
 * `LogReadError`, before anything is read, when a file is missing or may not be read; and, after all whole lines
 * before it were delivered, at damage within a file. What the consumer rejects with is passed on.
 */
export async function readFinished(
  files: readonly string[],
  options: FinishedOptions,
): Promise<FinishedFile[]> {
  for (const file of files) await (await openFinished(file)).content.close();
  const buffer = new ReadBuffer(options.readInto);
  const summaries: FinishedFile[] = [];
  for (const file of files) {
    if (options.signal?.aborted === true) break;
    const log = await openFinished(file);
    let content: Content | undefined = log.content;
    try {
      for (let member = 0; content !== undefined; member++) {
        summaries.push(await readOne({ log, content, member }, buffer, options));
        content = content instanceof ArchiveContent ? await following(file, content) : undefined;
      }
    } finally {
      await log.content.close();
    }
  }
  return summaries;
}

async function openFinished(file: string): Promise<OpenLog> {
  try {
    return await openLog(file, kindOf(file));
  } catch (error) {
    const detail = isMissing(error) ? 'there is no such file' : `cannot be read: ${(error as Error).message}`;
    throw new LogReadError(file, 0, detail, { cause: error });
  }
}

async function following(file: string, content: ArchiveContent): Promise<ArchiveContent | undefined> {
  try {
    return await content.following();
  } catch (error) {
    throw damage(file, 0, error);
  }
}

/** The same log once more, from its beginning. */
async function openAgain(file: string, member: number): Promise<Opened> {
  const log = await openFinished(file);
  let content: Content | undefined = log.content;
  for (let at = 0; at < member && content instanceof ArchiveContent; at++) {
    content = await following(file, content);
  }
  return { content: content ?? log.content, close: () => log.content.close() };
}

async function readOne(
  { log, content, member }: { log: OpenLog; content: Content; member: number },
  buffer: ReadBuffer,
  { source, maxLineBytes, consumer, signal, resume }: FinishedOptions,
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
  const deliver = async (piece: Piece, unterminated: boolean): Promise<void> => {
    const { offset: at, hole, end } = piece;
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
  for (;;) {
    if (signal?.aborted === true) return { path, generation, bytes: offset };
    const piece = await reading(lines.next());
    if (piece === 'scanned') continue;
    const rest = piece ?? (await reading(lines.rest()));
    if (rest === undefined) break;
    await deliver(rest, piece === undefined);
  }
  await consumer.ended(source, generation, offset);
  return { path, generation, bytes: offset };
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
