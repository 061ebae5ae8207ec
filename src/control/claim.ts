/**
 * The claim to a state directory: the socket in it, and who listens there. Only one process at a time can have it,
 * whatever was left by one that died.
 */
import { mkdir, open, readFile, rm, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StateDirLockedError } from '../errors.ts';
import { connect, listen, socketOf, withSocketPath } from './owner-socket.ts';

const OWNER = 'daemon.json';
const TAKEOVER = 'daemon.takeover';
/** A takeover is a matter of milliseconds: a marker older than this was left by a crash. */
const TAKEOVER_STALE_MS = 10_000;
const TAKEOVER_LOOK_MS = 100;

export class Claim {
  /** Device and inode of the socket. */
  readonly #identity: string;
  readonly #stateDir: string;
  readonly #server: Server;
  readonly #asking: ReadonlySet<Socket>;
  readonly #folder: FileHandle | undefined;

  /** @throws StateDirLockedError when another process has it. */
  static async make(stateDir: string, status: () => unknown): Promise<Claim> {
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
      // Without it the directory is owned as well; only who has it is not known by name. A disk may be full.
      await writeFile(join(stateDir, OWNER), `${JSON.stringify(self)}\n`, { mode: 0o600 }).catch(() => {});
      return new Claim(stateDir, server, asking, folder, (await identityOf(stateDir)) ?? '');
    });
  }

  private constructor(
    stateDir: string,
    server: Server,
    asking: ReadonlySet<Socket>,
    folder: FileHandle | undefined,
    identity: string,
  ) {
    this.#stateDir = stateDir;
    this.#server = server;
    this.#asking = asking;
    this.#folder = folder;
    this.#identity = identity;
  }

  /** Whether the directory still has this socket. */
  async isThere(): Promise<boolean> {
    return (await identityOf(this.#stateDir)) === this.#identity;
  }

  /** Ends listening and, in the same turn, removes the socket that has its name, whoever made that. */
  async release(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Whoever has not hung up (or is halted) must not keep the process from ending.
    for (const connection of this.#asking) connection.destroy();
    await closed;
    await this.#folder?.close();
  }
}

/** Undefined when there is no socket. */
async function identityOf(stateDir: string): Promise<string | undefined> {
  const now = await stat(socketOf(stateDir), { bigint: true }).catch(() => undefined);
  return now === undefined ? undefined : `${now.dev}:${now.ino}:${now.birthtimeNs}`;
}

/** Clears away the socket of a dead owner. Only one process at a time may, or two could end up listening. */
async function takeOver(stateDir: string, server: Server, path: string): Promise<void> {
  const marker = join(stateDir, TAKEOVER);
  const lock = await mark(marker);
  if (lock === undefined) throw new StateDirLockedError(stateDir, 'another process that is just starting');
  try {
    if ((await connect(path)) !== undefined || !(await unlinkAndListen(server, path))) {
      throw new StateDirLockedError(stateDir, await nameOwner(stateDir));
    }
  } finally {
    await lock.close();
    await rm(marker, { force: true });
  }
}

/** Makes the marker of a takeover; waits for one that is under way, or was cut off. Undefined: there are always others. */
async function mark(marker: string): Promise<FileHandle | undefined> {
  for (let waited = 0; waited <= 2 * TAKEOVER_STALE_MS; waited += TAKEOVER_LOOK_MS) {
    const age = await stat(marker).then(
      // One from the future was left before the clock was set back.
      ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
      () => 0,
    );
    if (age > TAKEOVER_STALE_MS) await rm(marker, { force: true });
    try {
      return await open(marker, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await delay(TAKEOVER_LOOK_MS);
  }
  return undefined;
}

async function unlinkAndListen(server: Server, path: string): Promise<boolean> {
  await unlink(path).catch(() => {});
  return listen(server, path);
}

/** Who has the directory, for a person. */
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

/** No process has it any more: takes its name away. */
export async function forgetOwner(stateDir: string): Promise<void> {
  await rm(join(stateDir, OWNER), { force: true });
}
