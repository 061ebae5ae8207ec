/**
 * Unpacks `.gz` and `.tar.gz` piece by piece. Guarantees: all bytes that precede damage come out before the error
 * does, and no more is held in memory than one piece of input unpacks to.
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

/** One compressed piece. Small, because hostile input unpacks to a thousand times its size. */
const INPUT_BYTES = 32 * 1024;
const OUTPUT_BYTES = 512 * 1024;

/** The regular files of an archive one after the other: a `Member`, then its bytes. Does not close `file`. */
export async function* unpack(file: FileHandle, kind: ArchiveKind): AsyncGenerator<Member | Buffer, void> {
  if (kind === 'tar.gz') {
    yield* untar(gunzip(file));
    return;
  }
  yield { name: '' };
  yield* gunzip(file);
}

async function* gunzip(file: FileHandle): AsyncGenerator<Buffer, void> {
  const stream = createGunzip({ chunkSize: OUTPUT_BYTES });
  // Taken as it flows: what a stream still buffers when it fails is lost.
  const output: Buffer[] = [];
  const failures: Error[] = [];
  stream.on('data', (piece: Buffer) => output.push(piece));
  stream.on('error', (error) => failures.push(error));
  const read = (input: Buffer, position: number): Promise<number> => {
    const reading = file.read(input, 0, INPUT_BYTES, position).then(({ bytesRead }) => bytesRead);
    // Nobody may ask for it any more.
    reading.catch(() => {});
    return reading;
  };
  let [input, spare] = [Buffer.allocUnsafe(INPUT_BYTES), Buffer.allocUnsafe(INPUT_BYTES)];
  let position = 0;
  let reading = read(input, position);
  try {
    for (let ended = false; !ended;) {
      const bytesRead = await reading;
      position += bytesRead;
      ended = bytesRead === 0;
      // The next piece is read while this one is unpacked.
      if (!ended) reading = read(spare, position);
      await new Promise<void>((resolve) => {
        // A stream that fails calls nobody back, but it closes.
        stream.once('close', resolve);
        const done = (): void => {
          stream.off('close', resolve);
          resolve();
        };
        if (ended) stream.once('end', done).end();
        else stream.write(input.subarray(0, bytesRead), done);
      });
      [input, spare] = [spare, input];
      yield* output.splice(0);
      if (failures[0] !== undefined) throw failures[0];
    }
  } finally {
    stream.destroy();
  }
}

/** Resolves when the stream takes more, or never will again. */
function drained(stream: Extract): Promise<void> {
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
  tar.on('entry', ({ type, name, mtime }, stream, next) => {
    if (type === 'file' || type === 'contiguous-file') {
      output.push({ name, mtimeMs: mtime.getTime() });
      stream.on('data', (piece) => output.push(piece as Buffer));
    } else {
      stream.resume();
    }
    stream.on('end', () => next());
  });
  tar.on('error', (error: Error) => {
    failure ??= error;
  });
  try {
    for await (const piece of bytes) {
      if (!tar.write(piece)) await drained(tar);
      yield* output.splice(0);
      if (failure !== undefined) throw failure;
    }
    const closed = new Promise<void>((resolve) => tar.once('close', resolve));
    tar.end(undefined);
    await closed;
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
