/** The socket in a state directory: who listens on it owns the directory. */
import { open, type FileHandle } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { join } from 'node:path';

const SOCKET = 'daemon.sock';
/** Longest socket path that every system takes. */
const MAX_SOCKET_PATH = 100;
const ANSWER_MS = 2000;

export const socketOf = (stateDir: string): string => join(stateDir, SOCKET);

/** False when the address is taken. */
export function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen({ path, readableAll: false, writableAll: false }, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

/** All that the listener sends (empty when it is too busy to answer); undefined when nobody listens. */
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

/** A socket path that fits; for a long one the folder is opened and reached through its descriptor. */
export async function withSocketPath<T>(
  stateDir: string,
  use: (path: string, folder: FileHandle | undefined) => Promise<T>,
): Promise<T> {
  const path = socketOf(stateDir);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return use(path, undefined);
  const folder = await open(stateDir, 'r');
  return use(`/proc/self/fd/${folder.fd}/${SOCKET}`, folder);
}
