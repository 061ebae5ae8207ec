/** A tailer in a process of its own, which remembers the ids of the lines that it was given. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const FOLLOWERS = ['tail-file', '@logdna/tail-file', 'tailmeter'] as const;
export type FollowerName = (typeof FOLLOWERS)[number];

/** What is not given within this time after the last line that was, is lost. */
const QUIET_MS = 8000;
const LOOK_MS = 250;

export class Follower implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  static async start(name: FollowerName, file: string): Promise<Follower> {
    const follower = new Follower(name, file);
    await once(follower.#child, 'message');
    return follower;
  }

  private constructor(name: FollowerName, file: string) {
    const script = fileURLToPath(new URL('follow.ts', import.meta.url));
    this.#child = fork(script, [name, file], { serialization: 'advanced' });
    this.#exit = once(this.#child, 'exit');
  }

  /** The ids of all lines that it was given: when it has all of `expected`, or nothing more comes. */
  async finish(expected: ReadonlySet<string>): Promise<readonly string[]> {
    let ids: readonly string[] = [];
    for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_MS) {
      await delay(LOOK_MS);
      const now = await this.#ids();
      if (now.length > ids.length) quietMs = 0;
      ids = now;
      if (expected.isSubsetOf(new Set(ids))) break;
    }
    return ids;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  async #ids(): Promise<readonly string[]> {
    this.#child.send('ids');
    const [ids] = (await once(this.#child, 'message')) as [readonly string[]];
    return ids;
  }
}
