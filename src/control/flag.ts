/**
 * A flag: a socket in the state directory on which one process listens. It is up, under a name that nobody else ever had
 * or will have, from the moment it can be seen until its process lowers it or dies; the kernel sees to the latter. So a
 * flag that refuses a connection is down for good, and whoever has seen that may remove it at any later time.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, listen, SocketFolder } from './owner-socket.ts';

const NAME = /^daemon-(?<rank>[0-9a-f]{12})-\d+\.sock$/;
/** Not to be seen yet. Between its making and the first `listen` a socket refuses connections as a dead one does. */
const HIDDEN = '.tmp';
const LEFT_BEHIND = /^daemon-[0-9a-f]{12}-\d+\.sock\.(?:tmp|link)$/;

const CANDIDATE = { tailmeter_claim: 'candidate' } as const;

/** Decides which of two candidates goes first. */
export const newRank = (): string => randomUUID().replaceAll('-', '').slice(-12);

/** For tests: called before each step that others can see or that depends on what others did, and instead of waiting. */
export type BeforeStep = (step: string) => Promise<void>;

/** What somebody else's flag says. */
export type Signal = 'owner' | 'candidate' | 'silent' | 'down';

export class Flag {
  readonly name: string;
  /** Its process owns the directory. */
  owns = false;
  readonly #stateDir: string;
  readonly #server: Server;
  readonly #asking: ReadonlySet<Socket>;
  readonly #folder: SocketFolder;
  readonly #identity: string;

  /**
   * Undefined when the directory went away meanwhile.
   * @param attempt Of this rank: no two flags may have one name.
   * @param status What the owner answers who asks.
   */
  static async raise(
    stateDir: string,
    { rank, attempt }: { readonly rank: string; readonly attempt: number },
    status: () => unknown,
    before?: BeforeStep,
  ): Promise<Flag | undefined> {
    const name = `daemon-${rank}-${attempt}.sock`;
    const folder = await SocketFolder.open(stateDir).catch(unlessMissing);
    if (folder === undefined) return undefined;
    const asking = new Set<Socket>();
    let flag: Flag | undefined;
    const server = createServer((connection) => {
      asking.add(connection);
      connection.on('close', () => asking.delete(connection));
      connection.on('error', () => connection.destroy());
      connection.end(`${JSON.stringify(flag?.owns === true ? status() : CANDIDATE)}\n`);
    });
    try {
      await before?.('listen');
      await listen(server, folder.at(name + HIDDEN));
      const identity = await identityOf(join(stateDir, name + HIDDEN));
      if (identity === undefined) return undefined;
      flag = new Flag(stateDir, name, server, asking, folder, identity);
      await before?.('raise');
      await rename(join(stateDir, name + HIDDEN), join(stateDir, name));
    } catch (error) {
      flag = undefined;
      unlessMissing(error);
    } finally {
      if (flag === undefined) await close(server, asking, folder);
    }
    return flag;
  }

  private constructor(
    stateDir: string,
    name: string,
    server: Server,
    asking: ReadonlySet<Socket>,
    folder: SocketFolder,
    identity: string,
  ) {
    this.#stateDir = stateDir;
    this.name = name;
    this.#server = server;
    this.#asking = asking;
    this.#folder = folder;
    this.#identity = identity;
  }

  /** Whether the directory, as it is now, has this flag; under another name, with `link`. */
  async isThere(link = this.name): Promise<boolean> {
    return (await identityOf(join(this.#stateDir, link))) === this.#identity;
  }

  async lower(): Promise<void> {
    await rm(join(this.#stateDir, this.name), { force: true });
    await close(this.#server, this.#asking, this.#folder);
  }
}

/** Somebody has deleted it meanwhile; anything else is thrown. */
function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Undefined when there is no such file. */
async function identityOf(path: string): Promise<string | undefined> {
  const now = await stat(path, { bigint: true }).catch(() => undefined);
  return now === undefined ? undefined : `${now.dev}:${now.ino}:${now.birthtimeNs}`;
}

/** Whoever has not hung up (or is halted) must not keep the process from ending. */
async function close(server: Server, asking: ReadonlySet<Socket>, folder: SocketFolder): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connection of asking) connection.destroy();
  await closed;
  await folder[Symbol.asyncDispose]();
}

/** The names of all flags that can be seen; those that are up all the while are among them. */
export async function flagsIn(stateDir: string): Promise<string[]> {
  return (await readdir(stateDir)).filter((name) => NAME.test(name));
}

export const rankOf = (name: string): string => NAME.exec(name)?.groups?.['rank'] ?? '';

/** Asks who listens on a socket of the directory. */
export async function signalOf(stateDir: string, name: string): Promise<Signal> {
  await using folder = await SocketFolder.open(stateDir).catch(unlessMissing);
  const answer = folder === undefined ? undefined : await connect(folder.at(name));
  if (answer === undefined) return 'down';
  if (answer === '') return 'silent';
  return answer.includes(CANDIDATE.tailmeter_claim) && isCandidate(answer) ? 'candidate' : 'owner';
}

function isCandidate(answer: string): boolean {
  try {
    return (JSON.parse(answer) as Partial<typeof CANDIDATE>).tailmeter_claim === CANDIDATE.tailmeter_claim;
  } catch {
    return false;
  }
}

/** Removes what processes left that died before their flag could be seen. Who is only slow starts again. */
export async function clearHidden(stateDir: string): Promise<void> {
  for (const name of (await readdir(stateDir)).filter((name) => LEFT_BEHIND.test(name))) {
    if ((await signalOf(stateDir, name)) === 'down') await rm(join(stateDir, name), { force: true });
  }
}
