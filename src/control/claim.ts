/**
 * The claim to a state directory: never do two processes have one, whatever was left by those that died.
 *
 * Each process that wants the directory listens on a socket of its own in it, its flag (flag.ts). There is no lock that a
 * crash could leave behind, no marker whose age would matter, and nothing that is taken away from somebody who is alive.
 *
 *   1. Raise the flag: listen under a hidden name, then rename it to one that is unique for ever.
 *   2. Look at all the others. One that refuses connections is down for good: remove it.
 *      - an owner is among them           → lower the flag, give up
 *      - one that does not say what it is,
 *        or a candidate of a lower rank   → lower the flag, wait, begin again with a new one
 *      - candidates of higher ranks only  → wait for them to go, look again
 *      - nobody, and the flag still stands in the directory → it is ours
 *   3. Say so: answer as an owner, and let `daemon.sock` lead to the flag, for who asks for the status.
 *   4. To give it up: remove `daemon.sock` and `daemon.json`, then, as the last thing, lower the flag.
 *
 * Why there are never two: of two flags one was raised later, and its process looks after that. As long as the other
 * one is up it is seen, so who raised it later does not take the directory. It does not matter when the first one looked, or
 * how long either was halted between two steps. Why somebody gets it: the lowest rank never gives way to a candidate, and
 * all others do. Who waits for one that is halted gives up after `PATIENCE_MS`.
 *
 * | what happens                                  | what becomes of it                                                       |
 * | --------------------------------------------- | ------------------------------------------------------------------------ |
 * | the owner, or a candidate, is killed anywhere | the kernel closes its socket: its flag is down, the next one goes on     |
 * | … before its flag could be seen               | a hidden socket is left; the next owner removes it                       |
 * | halted (SIGSTOP) between two steps            | its flag is up all the while: no one else takes the directory            |
 * | halted before its flag could be seen          | another one takes the directory; it looks when it goes on, and gives up  |
 * | two remove the same dead flag                 | nobody else ever has its name                                            |
 * | the clock is set back or forward              | nothing here asks for the time of day                                    |
 * | a start while the owner gives it up           | refused as long as its flag is up; the owner writes nothing afterwards   |
 * | the directory is deleted while it is owned    | who comes first has it; the owner looks every 2 s (owner.ts), raises a   |
 * |                                               | new flag, and ends where another one has it                              |
 * | … or between two steps of a candidate         | its flag is not in the list: it begins again                             |
 * | a version from before flags (0.1.0)           | it listens on `daemon.sock` itself: an owner, if it is alive; and a link |
 * |                                               | of that name, with somebody behind it, keeps such a version from starting |
 */
import { mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StateDirLockedError } from '../errors.ts';
import { clearHidden, Flag, flagsIn, newRank, rankOf, signalOf, type BeforeStep } from './flag.ts';

/** Leads to the owner's flag. */
export const OWNER_SOCKET = 'daemon.sock';
const OWNER = 'daemon.json';
/** How earlier versions kept others away while they took over. */
const TAKEOVER = 'daemon.takeover';
/** For those that are starting, too, or do not answer. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 25;

export interface ClaimOptions {
  /** What to answer who asks; must be JSON. */
  readonly status: () => unknown;
  readonly before?: BeforeStep;
}

type Verdict = 'ours' | 'owned' | 'yield' | 'wait';

export class Claim {
  readonly #stateDir: string;
  readonly #flag: Flag;

  /** @throws StateDirLockedError when another process has it, or is about to. */
  static async make(stateDir: string, { status, before }: ClaimOptions): Promise<Claim> {
    const rank = newRank();
    const givesUp = performance.now() + PATIENCE_MS;
    const isPatient = (): boolean => performance.now() < givesUp;
    const pause = (): Promise<unknown> => before?.('wait') ?? delay(LOOK_MS * (1 + Math.random()));
    for (let attempt = 0; isPatient(); attempt++) {
      await mkdir(stateDir, { recursive: true, mode: 0o700 });
      const flag = await Flag.raise(stateDir, { rank, attempt }, status, before);
      if (flag !== undefined) {
        const claim = new Claim(stateDir, flag);
        if (await claim.#take(before, pause, isPatient)) return claim;
      }
      await pause();
    }
    throw new StateDirLockedError(stateDir, 'another process that is just starting, or halted');
  }

  private constructor(stateDir: string, flag: Flag) {
    this.#stateDir = stateDir;
    this.#flag = flag;
  }

  /** False when another one is to go first. */
  async #take(
    before: BeforeStep | undefined,
    pause: () => Promise<unknown>,
    isPatient: () => boolean,
  ): Promise<boolean> {
    const [stateDir, flag] = [this.#stateDir, this.#flag];
    let verdict: Verdict = 'wait';
    try {
      while (verdict === 'wait' && isPatient()) {
        verdict = await look(stateDir, flag, before);
        if (verdict === 'wait') await pause();
      }
    } finally {
      if (verdict !== 'ours') await flag.lower();
    }
    if (verdict === 'owned') throw new StateDirLockedError(stateDir, await nameOwner(stateDir));
    if (verdict === 'ours') await this.#introduce();
    return verdict === 'ours';
  }

  /** Whether the directory still has this flag. */
  isThere(): Promise<boolean> {
    return this.#flag.isThere();
  }

  /** Whether `daemon.sock` leads to it. */
  isKnown(): Promise<boolean> {
    return this.#flag.isThere(OWNER_SOCKET);
  }

  /**
   * Lets `daemon.sock` lead to it.
   * @throws StateDirLockedError when somebody listens there who cannot know of flags.
   */
  async publish(): Promise<void> {
    const stateDir = this.#stateDir;
    if (!(await this.isKnown()) && (await isOfEarlierVersion(stateDir))) {
      throw new StateDirLockedError(stateDir, await nameOwner(stateDir));
    }
    const link = join(stateDir, `${this.#flag.name}.link`);
    // Of a try that failed.
    await rm(link, { force: true });
    await symlink(this.#flag.name, link);
    await rename(link, join(stateDir, OWNER_SOCKET));
  }

  /** Nothing may be written to the directory any more: another process may have it now. */
  async release(): Promise<void> {
    if (await this.isThere()) {
      await rm(join(this.#stateDir, OWNER), { force: true });
      if (await this.isKnown()) await rm(join(this.#stateDir, OWNER_SOCKET), { force: true });
    }
    await this.#flag.lower();
  }

  /** Without all this the directory is owned as well; only who has it is not known by name. A disk may be full. */
  async #introduce(): Promise<void> {
    const self = { pid: process.pid, started: new Date().toISOString() };
    const file = join(this.#stateDir, OWNER);
    await writeFile(file, `${JSON.stringify(self)}\n`, { mode: 0o600 }).catch(() => {});
    await this.publish().catch(() => {});
    await clearHidden(this.#stateDir).catch(() => {});
    await rm(join(this.#stateDir, TAKEOVER), { force: true }).catch(() => {});
  }
}

/** Step 2. Takes the directory, where it is ours. */
async function look(stateDir: string, flag: Flag, before: BeforeStep | undefined): Promise<Verdict> {
  await before?.('list');
  const names = await flagsIn(stateDir).catch((): string[] => []);
  if (!names.includes(flag.name)) return 'yield';
  const known = await readlink(join(stateDir, OWNER_SOCKET)).catch(() => undefined);
  let verdict: Verdict = 'ours';
  // Who decides first: the owner, then the lowest rank.
  for (const name of names.toSorted(
    (a, b) => Number(b === known) - Number(a === known) || (a < b ? -1 : 1),
  )) {
    if (name === flag.name) continue;
    await before?.('ask');
    const signal = await signalOf(stateDir, name);
    if (signal === 'owner' || (signal === 'silent' && name === known)) return 'owned';
    if (signal === 'silent' || (signal === 'candidate' && rankOf(name) < rankOf(flag.name))) return 'yield';
    if (signal === 'candidate') verdict = 'wait';
    else {
      await before?.('remove');
      await rm(join(stateDir, name), { force: true });
    }
  }
  if (await isOfEarlierVersion(stateDir)) return 'owned';
  await before?.('take');
  if (verdict === 'ours') flag.owns = true;
  return verdict;
}

/** Whether `daemon.sock` is no link, and somebody listens there. */
async function isOfEarlierVersion(stateDir: string): Promise<boolean> {
  const isLink = await readlink(join(stateDir, OWNER_SOCKET)).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  );
  return !isLink && (await signalOf(stateDir, OWNER_SOCKET)) !== 'down';
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
