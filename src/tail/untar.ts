/** The regular files of a tar archive, as its bytes come. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Extract } from 'tar-stream';

/** A file within an archive begins; its bytes follow. */
export interface Member {
  readonly name: string;
  /** Bytes that it must have; undefined when the archive does not say. */
  readonly size?: number;
  /** Unix milliseconds of the last write, where the archive has it. */
  readonly mtimeMs?: number;
  /** Its holes are left out, and a map of them stands among its bytes. */
  readonly sparse?: boolean;
}

/** tar-stream has no type for it; what else it has none for (labels, lists of folders) holds no log. */
const isSparse = ({ type, name, size, pax }: TarHeader): boolean =>
  (type === null && size !== 0 && !name.endsWith('/')) ||
  Object.keys((pax as object | null | undefined) ?? {}).some((key) => key.startsWith('GNU.sparse.'));

interface TarHeader {
  readonly name: string;
  readonly size?: number;
  readonly type?: string | null;
  readonly pax?: unknown;
}

export async function* untar(bytes: AsyncIterable<Buffer>): AsyncGenerator<Member | Buffer, void> {
  const output: (Member | Buffer)[] = [];
  let failure: Error | undefined;
  // Loaded with the first such archive: most rotated logs are none.
  const { extract } = await import('tar-stream');
  const tar = extract();
  const fail = (error: Error): void => {
    failure ??= error;
  };
  tar.on('entry', (header, stream, next) => {
    const { type, name, mtime, size } = header;
    const sparse = isSparse(header);
    if (sparse || type === 'file' || type === 'contiguous-file') {
      const sized = size === undefined ? {} : { size };
      output.push({ name, mtimeMs: mtime.getTime(), ...sized, ...(sparse ? { sparse } : {}) });
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
