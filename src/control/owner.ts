/**
 * One process owns a state directory. The owner listens on a socket in it; whoever finds somebody listening there
 * is refused (claim.ts). The kernel closes the socket when the owner dies, however it dies, so nothing stale can block a
 * start, and containers that share the folder see each other. The socket also answers with the owner's status.
 *
 * Somebody may delete the directory, or only the socket, while the owner runs: it looks every few seconds and makes
 * both anew. Who came first meanwhile, has it; until the next look there are two then, which nothing in the directory
 * could prevent.
 */
import { access, constants } from 'node:fs/promises';
import { systemClock } from '../clock.ts';
import { StateDirError, stateDirError, StateDirLockedError } from '../errors.ts';
import { diskFs } from '../spool/state-fs.ts';
import type { Clock } from '../types.ts';
import { Claim, OWNER_SOCKET, type ClaimOptions } from './claim.ts';
import type { BeforeStep } from './flag.ts';
import { connect, SocketFolder } from './owner-socket.ts';

/** How often the owner looks whether its socket is still there. */
const LOOK_MS = 2000;

export interface StateOwner {
  /** Gives the directory up. */
  release(): Promise<void>;
}

export interface OwnerHooks {
  readonly clock?: Clock;
  /** The claim was gone, and with it perhaps all else in the directory; it is made anew. */
  readonly renewed?: () => void;
  /** The claim was gone, and another process has the directory now: nothing may be written to it any more. */
  readonly taken?: (error: StateDirLockedError) => void;
  /** For tests. */
  readonly before?: BeforeStep;
}

/**
 * Takes the state directory, which is created when it does not exist.
 * @param status What to answer who asks; must be JSON.
 * @throws StateDirLockedError when another process has it; StateDirError when it cannot be used.
 */
export async function ownStateDir(
  stateDir: string,
  status: () => unknown,
  hooks: OwnerHooks = {},
): Promise<StateOwner> {
  try {
    const { before } = hooks;
    const options = { status, ...(before === undefined ? {} : { before }) };
    const claim = await Claim.make(stateDir, options);
    return new Ownership(stateDir, options, hooks, claim, await diskFs.device(stateDir));
  } catch (cause) {
    if (cause instanceof StateDirLockedError) throw cause;
    const { message } = cause as Error;
    throw new StateDirError(`cannot use the state directory ${stateDir}: ${message}`, { cause });
  }
}

/** Keeps a claim, and makes it anew when it has gone. */
class Ownership implements StateOwner {
  readonly #stateDir: string;
  readonly #options: ClaimOptions;
  readonly #hooks: OwnerHooks;
  readonly #device: string;
  /** Undefined: it has been taken. */
  #claim: Claim | undefined;
  readonly #released = new AbortController();
  readonly #watching: Promise<void>;

  constructor(stateDir: string, options: ClaimOptions, hooks: OwnerHooks, claim: Claim, device: string) {
    this.#stateDir = stateDir;
    this.#options = options;
    this.#hooks = hooks;
    this.#claim = claim;
    this.#device = device;
    this.#watching = this.#watch();
  }

  async release(): Promise<void> {
    this.#released.abort();
    await this.#watching;
    await this.#claim?.release();
  }

  async #watch(): Promise<void> {
    const { clock = systemClock, renewed, taken } = this.#hooks;
    const { signal } = this.#released;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      try {
        if (await this.#renew()) renewed?.();
      } catch (error) {
        // What cannot be done now is tried again.
        if (!(error instanceof StateDirLockedError)) continue;
        const claim = this.#claim;
        this.#claim = undefined;
        taken?.(error);
        await claim?.release();
        return;
      }
    }
  }

  /** False when there is nothing to do, or not for now. */
  async #renew(): Promise<boolean> {
    const stateDir = this.#stateDir;
    const before = this.#claim;
    if ((await before?.isThere()) === true) {
      if ((await before?.isKnown()) === true) return false;
      await before?.publish();
      return true;
    }
    // Where another file system stands in its place, ours is only away for a while.
    if ((await diskFs.device(stateDir)) !== this.#device) return false;
    this.#claim = await Claim.make(stateDir, this.#options);
    await before?.release();
    return true;
  }
}

/**
 * The status that the owner of a state directory gives; undefined when nobody owns it. One that is halted, or too busy
 * to answer, is only known to run.
 * @throws StateDirError when this user may not ask.
 */
export async function askOwner(stateDir: string): Promise<unknown> {
  try {
    await using folder = await SocketFolder.open(stateDir);
    const path = folder.at(OWNER_SOCKET);
    const answer = await connect(path);
    if (answer !== undefined && answer !== '') return JSON.parse(answer) as unknown;
    // Nobody, or nobody whom this user may ask?
    await access(path, constants.W_OK);
    return answer === undefined ? undefined : { running: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw stateDirError(stateDir, error);
  }
}
