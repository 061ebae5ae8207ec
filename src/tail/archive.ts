/**
 * Unpacks `.gz` and `.tar.gz` piece by piece. Guarantees: all bytes that precede damage come out before the error
 * does, and only a few pieces are held in memory, whatever the input unpacks to.
 */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';

export type ArchiveKind = 'gz' | 'tar.gz';

/** A file within an archive begins; its bytes follow. */
export interface Member {
  readonly name: string;
  /** Unix milliseconds of the last write, where the archive has it. */
  readonly mtimeMs?: number;
}

/** One compressed piece. Unpacking it keeps another thread busy for longer than a block of lines is mapped. */
const INPUT_BYTES = 128 * 1024;
const OUTPUT_BYTES = 512 * 1024;
/** By so much smaller are pieces of input in which damage is looked for. */
const SMALLER = 512;
/** Hostile input unpacks to a thousand times its size: it waits when there are so many pieces of output at once. */
const MOST_WAITING = 4;

/** A part of the packed file. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Input that cannot be unpacked to its end. */
class DamagedPiece extends Error {
  readonly span: Span;

  constructor(span: Span, cause: Error) {
    super(cause.message, { cause });
    this.span = span;
  }
}

/**
 * Gives the memory of a piece back, which nobody may read any more, nor the pieces before it. The garbage collector
 * would do it, but half a megabyte after half a megabyte keeps it busy, and what waits for it adds up.
 */
export function release({ buffer, byteOffset, length }: Buffer): void {
  // zlib fills one buffer after the other, and keeps nothing of one that is full.
  const full = buffer.byteLength === OUTPUT_BYTES && byteOffset + length === OUTPUT_BYTES;
  if (full && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** The regular files of an archive one after the other: a `Member`, then its bytes. Does not close `file`. */
export async function* unpack(file: FileHandle, kind: ArchiveKind): AsyncGenerator<Member | Buffer, void> {
  if (kind === 'tar.gz') {
    yield* untar(gunzip(file));
    return;
  }
  yield { name: '' };
  yield* gunzip(file);
}

/** @param doubtful where damage was found, to be unpacked in smaller pieces */
async function* gunzip(file: FileHandle, doubtful?: Span): AsyncGenerator<Buffer, void> {
  let unpacked = 0;
  try {
    for await (const bytes of inflate(file, doubtful)) {
      unpacked += bytes.length;
      yield bytes;
    }
  } catch (error) {
    if (!(error instanceof DamagedPiece) || error.span.to - error.span.from === 1) throw error;
    // zlib keeps back what it had of the damaged piece. It gets that in smaller ones, down to a byte, and with it once
    // more all that comes before.
    let known = unpacked;
    for await (const bytes of gunzip(file, error.span)) {
      const { length } = bytes;
      if (length > known) yield bytes.subarray(known);
      else release(bytes);
      known = Math.max(0, known - length);
    }
  }
}

async function* inflate(file: FileHandle, doubtful?: Span): AsyncGenerator<Buffer, void> {
  const stream = createGunzip({ chunkSize: OUTPUT_BYTES });
  // Taken as it flows: what a stream still buffers when it fails is lost.
  const output: Buffer[] = [];
  const failures: Error[] = [];
  let wake: (() => void) | undefined;
  stream.on('data', (bytes: Buffer) => {
    if (output.push(bytes) < MOST_WAITING) return;
    stream.pause();
    wake?.();
  });
  stream.on('error', (error) => failures.push(error));
  // A stream that fails calls nobody back, but it closes.
  stream.on('close', () => wake?.());
  /** Gives what comes out until the stream took what `send` gives it. */
  async function* outputOf(send: (taken: () => void) => void): AsyncGenerator<Buffer, void> {
    const input = { taken: false };
    send(() => {
      input.taken = true;
      wake?.();
    });
    while (!input.taken && !stream.closed) {
      if (output.length < MOST_WAITING) await new Promise<void>((resolve) => (wake = resolve));
      yield* output.splice(0);
      stream.resume();
    }
    yield* output.splice(0);
  }
  try {
    for await (const { from, bytes } of inputOf(file, doubtful)) {
      yield* outputOf((taken) => stream.write(bytes, taken));
      if (failures[0] !== undefined) throw new DamagedPiece({ from, to: from + bytes.length }, failures[0]);
    }
    yield* outputOf((taken) => stream.once('end', taken).end());
    if (failures[0] !== undefined) throw failures[0];
  } finally {
    stream.destroy();
  }
}

/** A piece is valid until the next one is asked for. */
async function* inputOf(
  file: FileHandle,
  doubtful: Span = { from: 0, to: 0 },
): AsyncGenerator<{ readonly from: number; readonly bytes: Buffer }, void> {
  const read = (input: Buffer, position: number): Promise<number> => {
    const reading = file.read(input, 0, INPUT_BYTES, position).then(({ bytesRead }) => bytesRead);
    // Nobody may ask for it any more.
    reading.catch(() => {});
    return reading;
  };
  let [input, spare] = [Buffer.allocUnsafe(INPUT_BYTES), Buffer.allocUnsafe(INPUT_BYTES)];
  let start = 0;
  let reading = read(input, start);
  for (let count = await reading; count > 0; count = await reading) {
    // The next bytes are read while these are unpacked.
    reading = read(spare, start + count);
    for (let at = 0; at < count;) {
      const from = start + at;
      let length = count - at;
      if (from < doubtful.from) length = Math.min(length, doubtful.from - from);
      else if (from < doubtful.to)
        length = Math.min(length, Math.ceil((doubtful.to - doubtful.from) / SMALLER));
      yield { from, bytes: input.subarray(at, at + length) };
      at += length;
    }
    start += count;
    [input, spare] = [spare, input];
  }
}

/** Resolves when the stream takes more, or never will again. */
function drained(stream: Extract): Promise<void> {
  // One that was given what is no archive may have ended meanwhile, and says so only once.
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

async function* untar(bytes: AsyncIterable<Buffer>): AsyncGenerator<Member | Buffer, void> {
  const output: (Member | Buffer)[] = [];
  let failure: Error | undefined;
  // Loaded with the first such archive: most rotated logs are none.
  const { extract } = await import('tar-stream');
  const tar = extract();
  const fail = (error: Error): void => {
    failure ??= error;
  };
  tar.on('entry', ({ type, name, mtime }, stream, next) => {
    if (type === 'file' || type === 'contiguous-file') {
      output.push({ name, mtimeMs: mtime.getTime() });
      stream.on('data', (piece) => output.push(piece as Buffer));
    } else {
      stream.resume();
    }
    stream.on('end', () => next());
    stream.on('error', fail);
  });
  tar.on('error', fail);
  try {
    for await (const piece of bytes) {
      if (!tar.write(piece)) await drained(tar);
      yield* output.splice(0);
      if (failure !== undefined) throw failure;
    }
    if (!tar.destroyed) {
      const closed = new Promise<void>((resolve) => tar.once('close', resolve));
      tar.end(undefined);
      await closed;
    }
  } catch (error) {
    failure ??= error as Error;
    // The last pieces are on their way through the member's stream.
    await turnOfTheLoop();
  } finally {
    tar.destroy();
  }
  yield* output.splice(0);
  if (failure !== undefined) throw failure;
}
