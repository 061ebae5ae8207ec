/**
 * Notices that something was created, renamed or deleted in the folders of followed logs, for the price of one `stat`
 * each.
 */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileKey } from './file-key.ts';

/** File systems count time in steps: a change so soon after another one may not show. */
const GRAIN_NS = 2_000_000_000n;
const NS_PER_MS = 1_000_000n;

export class Folders {
  /** Device and inode by path: a folder that was created anew must be watched anew. */
  readonly identities = new Map<string, string>();
  #times = new Map<string, bigint>();
  /** The folders of the files that logs lead to, where these are symbolic links. */
  readonly #real = new Map<string, string>();

  /** Whether an event in the folder may concern the log. */
  concerns(log: string, folder: string): boolean {
    return path.dirname(log) === folder || this.#real.get(log) === folder;
  }

  /** Looks at the folders of these logs (and of the files that symbolic links lead to); whether any has changed. */
  async changed(logs: Iterable<string>, others: Iterable<string>): Promise<boolean> {
    const wanted = new Set(others);
    this.#real.clear();
    for (const log of logs) {
      wanted.add(path.dirname(log));
      const real = await realpath(log).catch(() => log);
      if (real === log) continue;
      this.#real.set(log, path.dirname(real));
      wanted.add(path.dirname(real));
    }
    const now = BigInt(Date.now()) * NS_PER_MS;
    const times = new Map<string, bigint>();
    let changed = false;
    this.identities.clear();
    for (const folder of wanted) {
      const found = await stat(folder, { bigint: true }).catch(() => undefined);
      if (found === undefined) continue;
      const { dev, ino, mtimeNs } = found;
      this.identities.set(folder, fileKey(dev, ino));
      times.set(folder, mtimeNs);
      const age = now - mtimeNs;
      changed ||= mtimeNs !== this.#times.get(folder) || (age < GRAIN_NS && age > -GRAIN_NS);
    }
    this.#times = times;
    return changed;
  }
}
