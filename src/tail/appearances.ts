/**
 * What was seen of the files beside logs since each of them turned up: whether its log was rotated just then, whether
 * it was there before, whether it has changed since. A name says little; this tells a rotated file from another log.
 */
import type { Family } from './family.ts';
import type { Fingerprint } from './fingerprint.ts';

/** After a rotation writers that reopen late write to the old file at least for so long; else for `rotate_wait`. */
export const LATE_MS = 5000;

export interface Appearance {
  readonly family: Family;
  /** It stood in its folder when that was searched first: it is older than this run. */
  first: boolean;
  /** When it turned up the log had been rotated (or truncated) since the search before, as far as can be told. */
  rotated: boolean;
  /** When it turned up, and when it last changed; monotonic milliseconds. */
  readonly since: number;
  changedAt: number;
  version: string;
  size: number;
  /** It was written to when late writers should have been through. */
  grown: boolean;
  /** It was written between the last read generation and the present one; absent until that was asked. */
  isSince?: boolean;
  /** Of its first line, as far as that is there. */
  fingerprint?: Fingerprint;
  /** That line is not complete. */
  unfinished: boolean;
  /** It is known what it is. */
  decided: boolean;
  /** Namely a generation of its log. */
  ours: boolean;
}

export interface Look {
  readonly key: string;
  readonly version: string;
  readonly size: number;
  /** Its folder was not searched before. */
  readonly first: boolean;
}

export class Appearances {
  readonly #byKey = new Map<string, Appearance>();
  readonly #elapsed: () => number;
  readonly #lateMs: number;

  constructor(elapsed: () => number, quietMs: number) {
    this.#elapsed = elapsed;
    this.#lateMs = Math.max(LATE_MS, quietMs);
  }

  /** Takes down what a search of the family's folders has found. @param rotated The log was, since the last one. */
  take(family: Family, looks: readonly Look[], rotated: boolean): void {
    const present = new Set(looks.map(({ key }) => key));
    // What was not decided yet and is not there any more may have got another name, another inode, or been packed.
    const vanished = [...this.#byKey].filter(
      ([key, one]) => one.family === family && !one.decided && !present.has(key),
    );
    const wasFirst = vanished.some(([, { first }]) => first);
    const wasRotated = vanished.some(([, one]) => one.rotated);
    for (const look of looks) {
      const known = this.#byKey.get(look.key);
      if (known === undefined) this.#add(family, look, rotated);
      else this.#update(known, look);
      const one = this.#byKey.get(look.key)!;
      if (one.decided) continue;
      one.first ||= wasFirst;
      one.rotated ||= wasRotated;
    }
  }

  /** The file has this first line now. Another one than before: the inode is in use for another file. */
  identify(key: string, fingerprint: Fingerprint, unfinished: boolean, rotated: boolean): Appearance {
    let one = this.of(key);
    const was = one.fingerprint;
    if (was !== undefined && !one.unfinished && was.hash !== fingerprint.hash) {
      const now = this.#elapsed();
      one = {
        ...one,
        first: one.first && !one.decided,
        rotated: one.decided ? rotated : one.rotated || rotated,
        since: now,
        changedAt: now,
        grown: false,
        decided: false,
        ours: false,
      };
      delete one.isSince;
      this.#byKey.set(key, one);
    }
    one.fingerprint = fingerprint;
    one.unfinished = unfinished;
    return one;
  }

  of(key: string): Appearance {
    const one = this.#byKey.get(key);
    if (one === undefined) throw new Error(`nothing was seen of ${key}`);
    return one;
  }

  /** Forgets all files but these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#byKey.keys()) if (!keys.has(key)) this.#byKey.delete(key);
  }

  #add(family: Family, { key, version, size, first }: Look, rotated: boolean): void {
    const now = this.#elapsed();
    this.#byKey.set(key, {
      family,
      first,
      rotated: rotated && !first,
      since: now,
      changedAt: now,
      version,
      size,
      grown: false,
      unfinished: false,
      decided: false,
      ours: false,
    });
  }

  #update(one: Appearance, { version, size }: Look): void {
    if (one.version === version) return;
    one.changedAt = this.#elapsed();
    one.grown ||= size > one.size && one.changedAt - one.since > this.#lateMs;
    one.version = version;
    one.size = size;
  }
}
