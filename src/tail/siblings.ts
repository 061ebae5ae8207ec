/**
 * Which files in a log's folder are its rotated relatives, judged by name alone, and in which order.
 *
 * A name only makes a file a candidate. Whether it is a generation of ours, one that was read already or history
 * from before, is decided by inode and fingerprint (`matching.ts`).
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export type LogKind = 'plain' | 'gz' | 'tar.gz';

/** How a rotated name says when it was rotated. */
export interface Stamp {
  /** `number`: `.1` is the newest. `date`: digits of a date, time or epoch; the largest is the newest. */
  readonly scheme: 'number' | 'date' | 'none';
  readonly value: string;
}

export interface Relation {
  readonly kind: LogKind;
  readonly stamp: Stamp;
}

/** A rotated file as the folder lists it. */
export interface Sibling extends Relation {
  readonly path: string;
}

/** Names that a follower never opens as a growing log. */
const COMPRESSED = /\.(?:gz|tgz|zst|bz2|xz|zip|lz4|Z)$/;
/** A rotation count, as in `access.log.1`. */
const COUNT = /^\d{1,4}$/;
/** A date, with or without separators, a time, an epoch: `20261120`, `2026-11-20_15-00-00`, `20261120-1795186800`. */
const DATE = /^\d+(?:[-_T:.]\d+)*Z?$/;
const DATE_DIGITS = 6;

export function isCompressed(name: string): boolean {
  return COMPRESSED.test(name);
}

export function kindOf(name: string): LogKind {
  if (name.endsWith('.tar.gz') || name.endsWith('.tgz')) return 'tar.gz';
  return name.endsWith('.gz') ? 'gz' : 'plain';
}

/** How the file `name` is related to the log `base` beside it; undefined when it is not, or is `base` itself. */
export function relationOf(base: string, name: string): Relation | undefined {
  const kind = kindOf(name);
  const bare = kind === 'plain' ? name : name.replace(/(?:\.tar\.gz|\.tgz|\.gz)$/, '');
  if (bare === base) return kind === 'plain' ? undefined : { kind, stamp: { scheme: 'none', value: '' } };
  const stamp = stampOf(base, bare);
  return stamp === undefined ? undefined : { kind, stamp };
}

function stampOf(base: string, bare: string): Stamp | undefined {
  // access.log.1, access.log-20261120
  if (bare.startsWith(base)) return parse(bare.slice(base.length), /^[-._](.+)$/);
  // 2026-11-20_15-00-00__access.log
  if (bare.endsWith(`__${base}`)) return parse(bare.slice(0, -base.length), /^(.+)__$/, 'date');
  // access-20261120.log, access.1.log
  const { name, ext } = path.parse(base);
  if (ext === '' || !bare.startsWith(name) || !bare.endsWith(ext)) return undefined;
  return parse(bare.slice(name.length, -ext.length), /^[-._](.+)$/);
}

function parse(affix: string, shape: RegExp, only?: 'date'): Stamp | undefined {
  const text = shape.exec(affix)?.[1];
  if (text === undefined) return undefined;
  // `api-2.log` is more likely another log than the second `api.log`: a count stands behind a dot.
  if (only !== 'date' && affix.startsWith('.') && COUNT.test(text)) return { scheme: 'number', value: text };
  const digits = text.replaceAll(/\D/g, '');
  return DATE.test(text) && digits.length >= DATE_DIGITS ? { scheme: 'date', value: digits } : undefined;
}

/** Whether the names say that `a` was rotated after `b`. False when they do not say. */
export function namedAfter(a: Stamp, b: Stamp): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'number') return Number(a.value) < Number(b.value);
  return a.scheme === 'date' && a.value > b.value;
}

/** Sorts oldest first: by last write, then by what the names say, then by name. */
export function byAge(
  a: { readonly mtimeNs: bigint; readonly stamp: Stamp; readonly path: string },
  b: { readonly mtimeNs: bigint; readonly stamp: Stamp; readonly path: string },
): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  if (namedAfter(a.stamp, b.stamp)) return 1;
  if (namedAfter(b.stamp, a.stamp)) return -1;
  return a.path < b.path ? -1 : 1;
}

/** The rotated relatives of the log at `logPath` in its folder; none when there is no folder. */
export async function listSiblings(logPath: string): Promise<Sibling[]> {
  const folder = path.dirname(logPath);
  const base = path.basename(logPath);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const siblings: Sibling[] = [];
  for (const name of names) {
    const relation = relationOf(base, name);
    if (relation !== undefined) siblings.push({ path: path.join(folder, name), ...relation });
  }
  return siblings;
}

/** The error says that there is no such file, not that something is wrong with it. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
