/**
 * One process owns a state directory. The owner listens on a socket in it; whoever finds somebody listening there
 * is refused. The kernel closes the socket when the owner dies, however it dies, so nothing stale can block a
 * start, and containers that share the folder see each other. The socket also answers with the owner's status.
 */
import {
  access,
  constants,
  mkdir,
  open,
  readFile,
  rm,
  stat,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { StateDirError, stateDirError, StateDirLockedError } from '../errors.ts';

const SOCKET = 'daemon.sock';
const OWNER = 'daemon.json';
const TAKEOVER = 'daemon.takeover';
/** A takeover is a matter of milliseconds: a marker older than this was left by a crash. */
const TAKEOVER_STALE_MS = 10_000;
/** Longest socket path that every system takes. */
const MAX_SOCKET_PATH = 100;
const ANSWER_MS = 2000;

export interface StateOwner {
  /** Gives the directory up. */
  release(): Promise<void>;
}

/**
 * Takes the state directory, which is created when it does not exist.
 * @param status What to answer who asks; must be JSON.
 * @throws StateDirLockedError when another process has it; StateDirError when it cannot be used.
 */
export async function ownStateDir(stateDir: string, status: () => unknown): Promise<StateOwner> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    return await withSocketPath(stateDir, async (path, folder) => {
      const asking = new Set<Socket>();
      const server = createServer((connection) => {
        asking.add(connection);
        connection.on('close', () => asking.delete(connection));
        connection.on('error', () => connection.destroy());
        connection.end(`${JSON.stringify(status())}\n`);
      });
      if (!(await listen(server, path))) await takeOver(stateDir, server, path);
      const self = { pid: process.pid, started: new Date().toISOString() };
      await writeFile(join(stateDir, OWNER), `${JSON.stringify(self)}\n`, { mode: 0o600 });
      return {
        async release() {
          await rm(join(stateDir, OWNER), { force: true });
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          // Whoever has not hung up (or is halted) must not keep the process from ending.
          for (const connection of asking) connection.destroy();
          await closed;
          await folder?.close();
        },
      };
    });
  } catch (cause) {
    if (cause instanceof StateDirLockedError) throw cause;
    const { message } = cause as Error;
    throw new StateDirError(`cannot use the state directory ${stateDir}: ${message}`, { cause });
  }
}

/**
 * The status that the owner of a state directory gives; undefined when nobody owns it.
 * @throws StateDirError when this user may not ask.
 */
export async function askOwner(stateDir: string): Promise<unknown> {
  try {
    return await withSocketPath(stateDir, async (path, folder) => {
      try {
        const answer = await connect(path);
        if (answer !== undefined && answer !== '') return JSON.parse(answer) as unknown;
        // Nobody, or nobody whom this user may ask?
        await access(path, constants.W_OK);
        return undefined;
      } finally {
        await folder?.close();
      }
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw stateDirError(stateDir, error);
  }
}

/** Clears away the socket of a dead owner. Only one process at a time may, or two could end up listening. */
async function takeOver(stateDir: string, server: Server, path: string): Promise<void> {
  const marker = join(stateDir, TAKEOVER);
  const age = await stat(marker).then(
    // One from the future was left before the clock was set back.
    ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
    () => 0,
  );
  if (age > TAKEOVER_STALE_MS) await rm(marker, { force: true });
  let lock: FileHandle;
  try {
    lock = await open(marker, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new StateDirLockedError(stateDir, 'another process that is just starting');
  }
  try {
    if ((await connect(path)) !== undefined || !(await unlinkAndListen(server, path))) {
      throw new StateDirLockedError(stateDir, await nameOwner(stateDir));
    }
  } finally {
    await lock.close();
    await rm(marker, { force: true });
  }
}

async function unlinkAndListen(server: Server, path: string): Promise<boolean> {
  await unlink(path).catch(() => {});
  return listen(server, path);
}

async function nameOwner(stateDir: string): Promise<string> {
  try {
    const { pid, started } = JSON.parse(await readFile(join(stateDir, OWNER), 'utf8')) as {
      pid: number;
      started: string;
    };
    return `another tailmeter (pid ${pid}, since ${started})`;
  } catch {
    return 'another tailmeter';
  }
}

/** False when the address is taken. */
function listen(server: Server, path: string): Promise<boolean> {
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
function connect(path: string): Promise<string | undefined> {
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
async function withSocketPath<T>(
  stateDir: string,
  use: (path: string, folder: FileHandle | undefined) => Promise<T>,
): Promise<T> {
  const path = join(stateDir, SOCKET);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return use(path, undefined);
  const folder = await open(stateDir, 'r');
  return use(`/proc/self/fd/${folder.fd}/${SOCKET}`, folder);
}
