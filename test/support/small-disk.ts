/**
 * A disk that a test can fill and make read-only: a tmpfs of its own. Where it may not be mounted (no root, no right
 * to), the same faults are injected into the daemon's file calls instead, and it says so.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INJECTOR = fileURLToPath(new URL('failing-disk.mjs', import.meta.url));

export class SmallDisk implements AsyncDisposable {
  readonly folder: string;
  readonly #mounted: boolean;

  /** @param folder Created when it does not exist. */
  static async mount(folder: string, bytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    if (process.env['TAILMETER_NO_MOUNT'] === undefined) {
      try {
        await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]);
        return new SmallDisk(folder, true);
      } catch (error) {
        console.info(
          `no tmpfs can be mounted here, faults are injected instead: ${(error as Error).message}`,
        );
      }
    }
    return new SmallDisk(folder, false);
  }

  private constructor(folder: string, mounted: boolean) {
    this.folder = folder;
    this.#mounted = mounted;
  }

  /** What a daemon needs in its environment to see the faults. */
  get environment(): NodeJS.ProcessEnv {
    return this.#mounted ? {} : { NODE_OPTIONS: `--import=${INJECTOR}`, FAILING_DISK: this.folder };
  }

  /** Takes all space that is left. */
  async fill(): Promise<void> {
    if (!this.#mounted) return this.#inject('ENOSPC');
    for (let bytes = 1024 ** 2; bytes >= 1; bytes = Math.floor(bytes / 16)) {
      for (let full = false; !full;) {
        full = await appendFile(join(this.folder, 'filler'), Buffer.alloc(bytes)).then(() => false, isFull);
      }
    }
  }

  async empty(): Promise<void> {
    if (!this.#mounted) return this.#mend();
    await rm(join(this.folder, 'filler'));
  }

  async makeReadOnly(): Promise<void> {
    if (!this.#mounted) return this.#inject('EROFS');
    // Refused while a file is open for writing.
    for (;;) {
      const busy = await this.#remount('ro').then(
        () => false,
        (error: Error) => /busy/.test(error.message) || Promise.reject(error),
      );
      if (!busy) return;
    }
  }

  async makeWritable(): Promise<void> {
    if (!this.#mounted) return this.#mend();
    await this.#remount('rw');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mend();
    if (this.#mounted) await run('umount', ['--lazy', this.folder]);
  }

  async #remount(mode: 'ro' | 'rw'): Promise<void> {
    await run('mount', ['-o', `remount,${mode}`, this.folder]);
  }

  #inject(code: string): Promise<void> {
    return writeFile(`${this.folder}.fault`, code);
  }

  #mend(): Promise<void> {
    return rm(`${this.folder}.fault`, { force: true });
  }
}

/** True for a full disk; rethrows anything else. */
function isFull(error: NodeJS.ErrnoException): true {
  if (error.code !== 'ENOSPC') throw error;
  return true;
}
