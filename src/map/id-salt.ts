/**
 * `id_salt`: what is hashed into `${log_id}` beside the line, so that logs which begin alike give different ids. Without
 * it ids are made of content alone. `${file}` in it is the followed path, whatever the file is called by now.
 */
import { hash } from 'node:crypto';
import type { Generation } from '../types.ts';

const FILE = '${file}';
/** However many logs come and go. */
const MOST_KNOWN = 10_000;

/** What is wrong with a salt; undefined when nothing is. */
export function saltProblem(salt: string): string | undefined {
  const [other] = /\$\{[^}]*\}?/.exec(salt.replaceAll(FILE, '')) ?? [];
  return other === undefined ? undefined : `only ${FILE} may stand in it, not ${other}`;
}

export class IdSalt {
  readonly #salt: string;
  readonly #followed: (path: string) => string;
  /** By generation: a file that is renamed under the daemon keeps the path that it had. */
  readonly #known = new Map<string, string>();
  #last: Generation | undefined;
  #identity = '';

  /** @param followed the path of the log that a file belongs to */
  constructor(salt: string, followed: (path: string) => string) {
    this.#salt = salt;
    this.#followed = followed;
  }

  /** Stands for the generation and the salt where an id is hashed. No fingerprint looks like it. */
  identityOf(generation: Generation): string {
    if (generation === this.#last) return this.#identity;
    this.#last = generation;
    const { fingerprint, dev, ino, path } = generation;
    // An archive has no inode of its own.
    const key = `${fingerprint}/${dev}/${ino}/${ino === '' ? path : ''}`;
    let identity = this.#known.get(key);
    if (identity === undefined) {
      const salt = this.#salt.replaceAll(FILE, () => this.#followed(path));
      identity = `${fingerprint}:${hash('sha256', salt, 'hex').slice(0, 32)}`;
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(key, identity);
    }
    this.#identity = identity;
    return identity;
  }
}
