/**
 * One process owns a state directory. The owner listens on a socket in it; whoever finds somebody listening there
 * is refused. The kernel closes the socket when the owner dies, however it dies, so nothing stale can block a
 * start, and containers that share the folder see each other. The socket also answers with the owner's status.
 *
 * Somebody may delete the directory, or only the socket, while the owner runs: it looks every few seconds and makes
 * both anew. Who came first meanwhile, has it.
 */
import { access, constants } from 'node:fs/promises';
import { systemClock } from '../clock.ts';
import { StateDirError, stateDirError, StateDirLockedError } from '../errors.ts';
import { diskFs } from '../spool/state-fs.ts';
import type { Clock } from '../types.ts';
import { Claim, forgetOwner } from './claim.ts';
import { connect, withSocketPath } from './owner-socket.ts';

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
    const claim = await Claim.make(stateDir, status);
    return new Ownership(stateDir, status, hooks, claim, await diskFs.device(stateDir));
  } catch (cause) {
    if (cause instanceof StateDirLockedError) throw cause;
    const { message } = cause as Error;
    throw new StateDirError(`cannot use the state directory ${stateDir}: ${message}`, { cause });
  }
}

/** Keeps a claim, and makes it anew when it has gone. */
class Ownership implements StateOwner {
  readonly #stateDir: string;
  readonly #status: () => unknown;
  readonly #hooks: OwnerHooks;
  readonly #device: string;
  /** The last one is the one that counts. Those before it listen on, where nobody can reach them: see `#renew`. */
  #claims: readonly Claim[];
  readonly #released = new AbortController();
  readonly #watching: Promise<void>;

  constructor(stateDir: string, status: () => unknown, hooks: OwnerHooks, claim: Claim, device: string) {
    this.#stateDir = stateDir;
    this.#status = status;
    this.#hooks = hooks;
    this.#claims = [claim];
    this.#device = device;
    this.#watching = this.#watch();
  }

  async release(): Promise<void> {
    this.#released.abort();
    await this.#watching;
    if (this.#claims.length > 0) await forgetOwner(this.#stateDir);
    await Promise.all(this.#claims.map((claim) => claim.release()));
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
        this.#claims = [];
        taken?.(error);
        return;
      }
    }
  }

  /** False when there is nothing to do, or not for now. */
  async #renew(): Promise<boolean> {
    const stateDir = this.#stateDir;
    if ((await this.#claims.at(-1)?.isThere()) === true) return false;
    // Where another file system stands in its place, ours is only away for a while.
    if ((await diskFs.device(stateDir)) !== this.#device) return false;
    // The end of the old one's listening would remove the socket of whoever has made one meanwhile.
    this.#claims = [...this.#claims, await Claim.make(stateDir, this.#status)];
    return true;
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
