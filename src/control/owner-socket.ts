/** Unix sockets in a state directory: to listen on one, and to tell whether somebody listens there. */
import { open, type FileHandle } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { join } from 'node:path';

/** Longest socket path that every system takes. */
const MAX_SOCKET_PATH = 100;
/** Of a name in the directory. */
const MAX_NAME = 32;
const ANSWER_MS = 2000;

/** Rejects where that cannot be; the name is left behind then, or is somebody else's. */
export function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, readableAll: false, writableAll: false }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * All that the listener sends; empty when it is too busy to answer, or halted. Undefined when nobody listens: the process
 * that did is dead, or has stopped listening for good.
 */
export function connect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const connection = createConnection({ path });
    connection.setEncoding('utf8');
    connection.setTimeout(ANSWER_MS, () => {
      connection.destroy();
      resolve(answer);
    });
    connection.on('data', (text: string) => {
      answer += text;
    });
    connection.on('end', () => resolve(answer));
    connection.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      // Any other refusal comes from somebody who listens: halted, with a full queue of those who ask, for example.
      resolve(code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : answer);
    });
  });
}

/** A way to the sockets of a folder that fits into their addresses. */
export class SocketFolder implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle | undefined;

  /** A folder with a long path is reached through its descriptor. Rejects where there is none. */
  static async open(folder: string): Promise<SocketFolder> {
    if (Buffer.byteLength(folder) + 1 + MAX_NAME <= MAX_SOCKET_PATH)
      return new SocketFolder(folder, undefined);
    const handle = await open(folder, 'r');
    return new SocketFolder(`/proc/self/fd/${handle.fd}`, handle);
  }

  private constructor(path: string, handle: FileHandle | undefined) {
    this.#path = path;
    this.#handle = handle;
  }

  at(name: string): string {
    return join(this.#path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}
