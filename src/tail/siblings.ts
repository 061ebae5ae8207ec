/**
 * Which files in a log's folder are its rotated relatives, judged by name alone, and in which order.
 *
 * This is the one definition of what a rotated name is; docs/rotation.md lists the names, and a test holds the two
 * together. A name only makes a file a candidate. Whether it is a generation of ours, one that was read already,
 * history from before or another log, is decided by its inode, its content and its history (`registry.ts`,
 * `adoption.ts`).
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { kindByName, unpackedName, type LogKind } from './packing.ts';

/** How a rotated name says when it was rotated. */
export interface Stamp {
  /** `number`: `.1` is the newest. `date`: digits of a date, time or epoch; the largest is the newest. */
  readonly scheme: 'number' | 'date' | 'none';
  readonly value: string;
}

/**
 * Where the stamp stands: behind the name (`access.log.1`), before it (`…__access.log`), or before its extension
 * (`access.1.log`). `other`: the name says nothing, the file is a candidate for another reason.
 */
export type NameForm = 'behind' | 'before' | 'within' | 'other';

export interface Relation {
  /** As the name says; `unread`: packed in a way that is not read. */
  readonly kind: LogKind | 'unread';
  readonly form: NameForm;
  readonly stamp: Stamp;
}

/** A rotated file as the folder lists it. */
export interface Sibling extends Relation {
  readonly path: string;
}

/** A rotation count, as in `access.log.1`. */
const COUNT = /^\d{1,4}$/;
/** A date, with or without separators, a time, an epoch: `20261120`, `2026-11-20_15-00-00`, `20261120-1795186800`. */
const DATE = /^\d+(?:[-_T:.]\d+)*Z?$/;
const DATE_DIGITS = 6;
const NO_STAMP: Stamp = { scheme: 'none', value: '' };

/** How the file `name` is related to the log `base` beside it; undefined when it is not, or is `base` itself. */
export function relationOf(base: string, name: string): Relation | undefined {
  const kind = kindByName(name);
  const bare = kind === 'plain' ? name : unpackedName(name);
  if (bare === base) return kind === 'plain' ? undefined : { kind, form: 'behind', stamp: NO_STAMP };
  const found = stampOf(base, bare);
  return found === undefined ? undefined : { kind, ...found };
}

/** Of a file that is looked at though its name says nothing. */
export const unnamedRelation = (name: string): Relation => ({
  kind: kindByName(name),
  form: 'other',
  stamp: NO_STAMP,
});

function stampOf(base: string, bare: string): Omit<Relation, 'kind'> | undefined {
  // access.log.1, access.log-20261120
  if (bare.startsWith(base)) return parse(bare.slice(base.length), 'behind');
  // 2026-11-20_15-00-00__access.log
  if (bare.endsWith(`__${base}`)) return parse(bare.slice(0, -base.length), 'before');
  // access-20261120.log, access.1.log
  const { name, ext } = path.parse(base);
  if (ext === '' || !bare.startsWith(name) || !bare.endsWith(ext)) return undefined;
  return parse(bare.slice(name.length, -ext.length), 'within');
}

function parse(affix: string, form: NameForm): Omit<Relation, 'kind'> | undefined {
  const text = (form === 'before' ? /^(.+)__$/ : /^[-._](.+)$/).exec(affix)?.[1];
  if (text === undefined) return undefined;
  // `api-2.log` is more likely another log than the second `api.log`: a count stands behind a dot.
  if (form !== 'before' && affix.startsWith('.') && COUNT.test(text)) {
    return { form, stamp: { scheme: 'number', value: text } };
  }
  const digits = text.replaceAll(/\D/g, '');
  if (!DATE.test(text) || digits.length < DATE_DIGITS) return undefined;
  return { form, stamp: { scheme: 'date', value: digits } };
}

/** The names that a log may have had when a file of this name was rotated away from it. */
export function basesOf(name: string): string[] {
  const bare = unpackedName(name);
  const { name: stem, ext } = path.parse(bare);
  const bases = new Set([bare]);
  for (let at = 1; at < bare.length; at++) {
    if (/[-._]/.test(bare.charAt(at))) {
      bases.add(bare.slice(0, at));
      if (at < stem.length) bases.add(stem.slice(0, at) + ext);
    }
    if (bare.startsWith('__', at)) bases.add(bare.slice(at + 2));
  }
  return [...bases].filter((base) => relationOf(base, name) !== undefined);
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
  const siblings: Sibling[] = [];
  for (const name of await namesIn(folder)) {
    const relation = relationOf(base, name);
    if (relation !== undefined) siblings.push({ path: path.join(folder, name), ...relation });
  }
  return siblings;
}

/** All names in a folder; none when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The error says that there is no such file, not that something is wrong with it. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
