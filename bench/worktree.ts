/** Another version of this package, made ready in a temporary folder: what a version is compared with in the same run. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

export const isCommit = (ref: string): boolean =>
  spawnSync('git', ['rev-parse', '--quiet', '--verify', `${ref}^{commit}`], { cwd: ROOT }).status === 0;

export class Worktree implements Disposable {
  readonly folder: string;
  /** Its commit, short. */
  readonly commit: string;

  /**
   * Checks out, installs and builds: some seconds, and the registry of npm.
   * @param ref Whatever git takes for a commit.
   */
  constructor(ref: string) {
    this.commit = git('rev-parse', '--short', '--verify', `${ref}^{commit}`);
    this.folder = mkdtempSync(join(tmpdir(), 'tailmeter-bench-'));
    process.once('exit', this.#remove);
    // As long as something is waited for, a signal ends the process without `exit`.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    git('worktree', 'add', '--quiet', '--detach', this.folder, this.commit);
    execFileSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: this.folder,
      stdio: ['ignore', process.stderr, process.stderr],
    });
  }

  get program(): string {
    return join(this.folder, 'bin/tailmeter.js');
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => {
    rmSync(this.folder, { recursive: true, force: true });
    git('worktree', 'prune');
  };
}
