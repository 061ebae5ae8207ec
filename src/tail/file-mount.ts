/**
 * Whether a path is a mount of a single file (`docker run -v /var/log/usage.log:/logs/usage.log`), and whether that file
 * still has its name where it comes from. A mount holds the file, not the name: after a rotation outside, the path goes
 * on naming the old log, and nothing that can be seen here tells of the new one.
 */
import { readFile, realpath } from 'node:fs/promises';

/** Between the look-up of a path and that at its file, the file may be deleted: once says nothing. */
const LOOKS_TO_BE_CERTAIN = 2;

export class FileMount {
  isMount = false;
  #looked = false;
  #key: string | undefined;
  #looks = 0;
  /** The file's path in its file system, when it was first seen. */
  #root: string | undefined;

  /** What the path names has no name of its own any more, or another one. */
  get isDetached(): boolean {
    return this.#looks > 0;
  }

  get isCertain(): boolean {
    return this.#looks >= LOOKS_TO_BE_CERTAIN;
  }

  /**
   * @param key of the file that the path names (device and inode)
   * @param unlinked it has no link
   */
  async look(path: string, key: string, unlinked: boolean): Promise<void> {
    let renamed = false;
    if (key !== this.#key) {
      this.#key = key;
      this.#root = undefined;
    }
    if (this.isMount || !this.#looked) {
      const root = await mountRoot(path);
      if (this.#root === undefined || root === undefined) this.#root = root;
      this.isMount = root !== undefined;
      renamed = root !== this.#root;
      this.#looked = true;
    }
    this.#looks = unlinked || renamed ? this.#looks + 1 : 0;
  }
}

/** The path in its file system of what is mounted at `path`; undefined when that is no mount point, or not known. */
async function mountRoot(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
    // 36 35 98:0 /folder/of/it /mount/point rw,noatime …; the last one lies above the others.
    const fields = mounts
      .map((line) => line.split(' '))
      .findLast(([, , , , at = '']) => unescape(at) === real);
    return fields?.[3];
  } catch {
    return undefined;
  }
}

/** Blanks, backslashes and newlines are written as `\ooo`. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(?<octal>[0-7]{3})/g, (_whole, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
