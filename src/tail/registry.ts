/**
 * What one source knows of generations: those that its state names, those that are open, and those that are none
 * of its business. It decides what a file is that turns up in a log's folder (`recognise`).
 */
import type { Generation, GenerationPosition } from '../types.ts';
import type { OpenLog } from './content.ts';
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
  /** Bytes it had when last seen; absent when that was before this process. */
  size?: number;
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
}

/** What a sighting means: go on with a known generation, start with a new one, or leave it. */
export type Verdict = { readonly kind: 'resume'; readonly known: Known } | { readonly kind: 'new' | 'leave' };

const NEW: Verdict = { kind: 'new' };
const LEAVE: Verdict = { kind: 'leave' };

export class Registry {
  readonly #known: Known[];

  constructor(positions: readonly GenerationPosition[]) {
    this.#known = positions.map(({ offset, ended, ...generation }) => ({
      generation,
      offset,
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

  add(generation: Generation, offset: number, status: KnownStatus): Known {
    const known: Known = { generation, offset, status, missed: 0, missedSince: 0, truncated: false };
    this.#known.push(known);
    return known;
  }

  /** The latest generation that had just this file and this first line. */
  exactly({ log, fingerprint }: Sighting): Known | undefined {
    return this.#known.findLast(
      (known) => !known.truncated && isIn(known, log) && isOf(known.generation, fingerprint),
    );
  }

  /** By file and first line. Undefined: only the content can tell. Ask `byContent` then, after all other files. */
  byFile(sighting: Sighting): Verdict | undefined {
    const known = this.exactly(sighting);
    if (known === undefined) return undefined;
    const { size } = sighting.log;
    if (known.status === 'missing') {
      if (size >= known.offset) return { kind: 'resume', known };
      return sighting.live ? NEW : undefined;
    }
    // It was read to its end, but somebody wrote to it after all, or it got its old name back.
    if (isOver(known) && (sighting.live ? size >= known.offset : size > known.offset)) {
      return { kind: 'resume', known };
    }
    return sighting.live ? NEW : LEAVE;
  }

  /**
   * By the first line alone: copies and archives have another inode. A rotated file with the first line of a known
   * generation is that generation. Only a file that the path itself names may be a new one that begins alike.
   */
  byContent({ log, fingerprint, live }: Sighting): Verdict {
    const alike = this.#known.filter(({ generation }) => isOf(generation, fingerprint));
    const known = alike.find(
      (known) =>
        (known.status === 'missing' || (known.status === 'lost' && !live)) &&
        !(known.truncated && isIn(known, log)) &&
        (log.kind !== 'plain' || log.size >= known.offset),
    );
    if (known !== undefined) return { kind: 'resume', known };
    return live || alike.length === 0 ? NEW : LEAVE;
  }

  /** A generation with the same identity is not finished: the same first line, truncated in place. */
  isBusy({ log, fingerprint }: Sighting): boolean {
    return this.#known.some(
      (known) =>
        (known.status === 'open' || known.status === 'missing') &&
        isIn(known, log) &&
        isOf(known.generation, fingerprint),
    );
  }
}

/** Nothing more is expected of it. */
export const isOver = ({ status }: Known): boolean => status === 'ended' || status === 'lost';

const isIn = ({ generation }: Known, { dev, ino, kind }: Sighting['log']): boolean =>
  kind === 'plain' && generation.dev === dev && generation.ino === ino;

const isOf = (generation: Generation, { hash, bytes }: Fingerprint): boolean =>
  generation.fingerprint === hash && generation.fingerprintBytes === bytes;

/** Its file is gone, or of no use: it is sought from here on. */
export function lose(known: Known): void {
  known.status = 'missing';
  known.missed = 0;
}

/** What identifies the generation in a file. The inode of an archive says nothing about it. */
export function identityOf({ log, fingerprint }: Sighting): Omit<Generation, 'path'> {
  const { dev, ino } = log.kind === 'plain' ? log : { dev: '', ino: '' };
  return { dev, ino, fingerprint: fingerprint.hash, fingerprintBytes: fingerprint.bytes };
}
