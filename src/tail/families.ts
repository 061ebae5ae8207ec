/** The followed paths of one source, and who has which file open. */
import { Family } from './family.ts';
import type { GenerationReader } from './reader.ts';
import { fileKey } from './file-key.ts';

export class Families {
  readonly #byPath = new Map<string, Family>();

  [Symbol.iterator](): IterableIterator<Family> {
    return this.#byPath.values();
  }

  get paths(): Iterable<string> {
    return this.#byPath.keys();
  }

  get isEmpty(): boolean {
    return this.#byPath.size === 0;
  }

  get(path: string): Family | undefined {
    return this.#byPath.get(path);
  }

  /** The family of the path, a new one when there is none. */
  at(path: string): Family {
    let family = this.#byPath.get(path);
    if (family === undefined) this.#byPath.set(path, (family = new Family(path)));
    return family;
  }

  delete(path: string): void {
    this.#byPath.delete(path);
  }

  clear(): void {
    this.#byPath.clear();
  }

  /** Device and inode of every file that is open. */
  openFiles(): string[] {
    return [...this.#byPath.values()].flatMap(({ readers }) => readers.map(keyOf));
  }

  /** Who has the file (device and inode) open. */
  holder(key: string): { readonly family: Family; readonly reader: GenerationReader } | undefined {
    for (const family of this.#byPath.values()) {
      for (const reader of family.readers) if (keyOf(reader) === key) return { family, reader };
    }
    return undefined;
  }
}

export const keyOf = ({ log }: GenerationReader): string => fileKey(log.dev, log.ino);
