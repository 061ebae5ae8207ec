/**
 * What one source knows of generations: those that its state names, those that are open, and those that are none
 * of its business. It decides what a file is that turns up in a log's folder: by its head, and by whether it holds what
 * was read (`comparison.ts`).
 */
import type { Mark } from '../mark.ts';
import type { Generation, GenerationPosition } from '../types.ts';
import type { Evidence } from './agreement.ts';
import type { Comparison } from './comparison.ts';
import type { Content, OpenLog } from './content.ts';
import type { Fingerprint } from './fingerprint.ts';

/**
 * - `missing`: not read to its end, and not found yet (or no longer).
 * - `lost`: so it was given up; if it turns up after all, it is read.
 * - `open`: being read.
 * - `ended`: read to its end.
 * - `ignored`: history from before the source was followed.
 */
export type KnownStatus = 'missing' | 'lost' | 'open' | 'ended' | 'ignored';

export interface Known {
  /** Its path changes, nothing else does. */
  generation: Generation;
  offset: number;
  status: KnownStatus;
  /** What its file must hold: absent while nothing is known but its head. */
  evidence?: Evidence | undefined;
  /** The same of all of its file, which takes an archive to be unpacked. */
  whole?: () => Promise<Evidence | undefined>;
  /** Its file, while a reader has it open, if it may grow. */
  content?: Content;
  /** Bytes it had when last seen; absent when that was before this process. */
  size?: number;
  /** The archive (device and inode) in which it was found, and which is damaged. */
  archive?: string;
  /** Scans that did not find it though its log was there. */
  missed: number;
  /** When it was missed first, monotonic milliseconds; means nothing before. */
  missedSince: number;
  /** Its file was truncated: what the inode holds now is something else. */
  truncated: boolean;
}

/** A file with its fingerprint. */
export interface Sighting {
  readonly log: Pick<OpenLog, 'dev' | 'ino' | 'kind' | 'size'>;
  readonly fingerprint: Fingerprint;
  /** It is what the followed path names, not one of its rotated relatives. */
  readonly live: boolean;
  readonly comparison: Comparison;
}

/** What a sighting means: go on with a known generation, start with a new one, or leave it. */
export type Verdict = { readonly kind: 'resume'; readonly known: Known } | { readonly kind: 'new' | 'leave' };

const NEW: Verdict = { kind: 'new' };
const LEAVE: Verdict = { kind: 'leave' };

export class Registry {
  readonly #known: Known[];

  constructor(positions: readonly GenerationPosition[]) {
    this.#known = positions.map(({ offset, mark, ended, ...generation }) => ({
      generation,
      offset,
      evidence: mark === undefined ? undefined : { offset, mark },
      status: ended ? 'ended' : 'missing',
      missed: 0,
      missedSince: 0,
      truncated: false,
    }));
  }

  /** Those not read to their end that nothing was found for. */
  missing(): Known[] {
    return this.#known.filter(({ status }) => status === 'missing');
  }

  /** Whether any generation was last seen at such a path. */
  some(test: (path: string) => boolean): boolean {
    return this.#known.some(({ generation }) => test(generation.path));
  }

  /** Where the files of generations were last seen. */
  paths(): string[] {
    return this.#known.filter(({ status }) => status !== 'ignored').map(({ generation }) => generation.path);
  }

  /** Device and inode of those whose files are sought. */
  sought(): Generation[] {
    return this.missing().flatMap(({ generation, truncated }) => (truncated ? [] : [generation]));
  }

  /** Those that are over, the latest first: somebody may still write to their files. */
  over(most: number): Generation[] {
    const over = this.#known.filter(
      (known) => isOver(known) && known.generation.ino !== '' && !known.truncated,
    );
    return over.slice(-most).map(({ generation }) => generation);
  }

  /** Whether all that begin like the file were left before, as history or as none of ours. */
  isIgnored({ fingerprint: { hash, bytes } }: Sighting): boolean {
    const alike = this.alike({ fingerprint: hash, fingerprintBytes: bytes });
    return alike.length > 0 && alike.every(({ status }) => status === 'ignored');
  }

  /** Whether another generation has lived in this file: it was truncated, and not created, when the present one began. */
  isShared(log: Sighting['log'], present: Known | undefined): boolean {
    return this.#known.some((known) => known !== present && isIn(known, log));
  }

  /** One that is new, though others may have begun alike in the same file. */
  add(identity: Generation, offset: number, status: KnownStatus): Known {
    const twins = this.alike(identity).filter(({ generation }) => isSameFile(generation, identity));
    const twin = Math.max(-1, ...twins.map(({ generation }) => generation.twin ?? 0)) + 1;
    const generation = twin === 0 ? identity : { ...identity, twin };
    const known: Known = { generation, offset, status, missed: 0, missedSince: 0, truncated: false };
    this.#known.push(known);
    return known;
  }

  /** Those that begin so, whatever file they are in. */
  alike(head: Head): Known[] {
    return this.#known.filter(({ generation }) => beginAlike(generation, head));
  }

  /** The latest generation that had just this file, begins like it, and agrees with it. Rejects when it cannot be read. */
  async exactly(sighting: Sighting): Promise<Known | undefined> {
    const { log } = sighting;
    const agreeing = await this.#agreeing(sighting, (known) => !known.truncated && isIn(known, log));
    return agreeing.findLast(({ status }) => status === 'missing') ?? agreeing.at(-1);
  }

  /** By file and content. Undefined: it is in another file. Ask `byContent` then, after all other files. */
  async byFile(sighting: Sighting): Promise<Verdict | undefined> {
    const known = await this.exactly(sighting);
    if (known === undefined) return undefined;
    const { size } = sighting.log;
    if (known.status === 'missing') return { kind: 'resume', known };
    // It was read to its end, but somebody wrote to it after all, or it got its old name back.
    if (isOver(known) && (sighting.live ? size >= known.offset : size > known.offset)) {
      return { kind: 'resume', known };
    }
    return sighting.live ? NEW : LEAVE;
  }

  /**
   * By the content alone: copies and archives have another inode. A rotated file that holds what was read of a known
   * generation is that generation. What only begins alike is another one.
   */
  async byContent(sighting: Sighting): Promise<Verdict> {
    const { log, live } = sighting;
    const agreeing = await this.#agreeing(sighting, (known) => !(known.truncated && isIn(known, log)));
    const known = agreeing.find(({ status }) => status === 'missing' || (status === 'lost' && !live));
    if (known !== undefined) return { kind: 'resume', known };
    return live || agreeing.length === 0 ? NEW : LEAVE;
  }

  async #agreeing(
    { fingerprint: { hash, bytes }, comparison }: Sighting,
    mayBe: (known: Known) => boolean,
  ): Promise<Known[]> {
    const alike = this.alike({ fingerprint: hash, fingerprintBytes: bytes }).filter(mayBe);
    return alike.length === 0 ? [] : comparison.agreeing(alike);
  }
}

/** Nothing more is expected of it. */
export const isOver = ({ status }: Known): boolean => status === 'ended' || status === 'lost';

const isIn = ({ generation }: Known, { dev, ino, kind }: Sighting['log']): boolean =>
  kind === 'plain' && generation.dev === dev && generation.ino === ino;

type Head = Pick<Generation, 'fingerprint' | 'fingerprintBytes'>;

const beginAlike = (a: Head, b: Head): boolean =>
  a.fingerprint === b.fingerprint && a.fingerprintBytes === b.fingerprintBytes;

const isSameFile = (a: Generation, b: Generation): boolean => a.dev === b.dev && a.ino === b.ino;

/** Its file is gone, or of no use: it is sought from here on. */
export function lose(known: Known): void {
  known.status = 'missing';
  known.missed = 0;
}

/** Its reader gives it up: what was read is in the books, and only there. */
export function leaveAt(known: Known, offset: number, mark: Mark | undefined): void {
  known.offset = offset;
  known.evidence = mark === undefined ? known.evidence : { offset, mark };
  delete known.content;
}

/** What identifies the generation in a file. The inode of an archive says nothing about it. */
export function identityOf({ log, fingerprint }: Sighting): Omit<Generation, 'path'> {
  const { dev, ino } = log.kind === 'plain' ? log : { dev: '', ino: '' };
  return { dev, ino, fingerprint: fingerprint.hash, fingerprintBytes: fingerprint.bytes };
}
