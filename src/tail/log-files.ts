/** Finds the generations of a source again among the files that exist now: by inode, else by their first lines. */
import { realpath, stat } from 'node:fs/promises';
import { agreeing, type Evidence } from './agreement.ts';
import { ArchiveContent, type ReadPurpose } from './archive-content.ts';
import type { Opened } from './comparison.ts';
import { openLog, type Content } from './content.ts';
import { FINGERPRINT_MAX_BYTES, fingerprintOf } from './fingerprint.ts';
import { declaredFiles } from './listing.ts';
import { expand } from './paths.ts';
import type { LogKind } from './packing.ts';
import type { TailSource } from './setup.ts';
import { isMissing, listSiblings } from './siblings.ts';
import type { GenerationPosition } from '../types.ts';

/** One log: a file, or a member of an archive. */
export interface FoundLog {
  readonly path: string;
  /** Of an archive: its place among those in it. */
  readonly member: number;
  readonly kind: LogKind;
  readonly dev: string;
  readonly ino: string;
  readonly fingerprint: string;
  readonly fingerprintBytes: number;
  /** Bytes of the file; of an archive that says nothing. */
  readonly size: number;
}

/** What was found in files before, by path: of use as long as a file has not changed. */
export type LogMemory = Map<string, { readonly version: string; readonly logs: readonly FoundLog[] }>;

/**
 * All logs that may be generations of a source: its path or what its glob matches, where its generations were last
 * seen, the rotated relatives of all these, and what its `rotated` names.
 * @param seen Paths of its generations.
 * @param unreadable Called with what cannot be read, for example a damaged archive.
 * @param memory For who asks often.
 */
export async function findLogs(
  { path: source, rotated: declared = [] }: Pick<TailSource, 'path' | 'rotated'>,
  seen: readonly string[],
  unreadable: (path: string, error: Error) => void,
  memory: LogMemory = new Map(),
): Promise<FoundLog[]> {
  const { logs, rotated, unlisted } = await expand(source, seen);
  for (const { path, error } of unlisted) unreadable(path, error);
  const paths = new Set<string>();
  for (const log of new Set([...logs, ...rotated, ...seen])) {
    const real = await realpath(log).catch(() => log);
    for (const base of new Set([log, real])) {
      paths.add(base);
      const siblings = await listSiblings(base).catch((error: NodeJS.ErrnoException) => {
        unreadable(error.path ?? base, error);
        return [];
      });
      for (const sibling of siblings) paths.add(sibling.path);
    }
  }
  const elsewhere = await declaredFiles(declared).catch((error: NodeJS.ErrnoException) => {
    unreadable(error.path ?? source, error);
    return [];
  });
  for (const path of elsewhere) paths.add(path);
  const found: FoundLog[] = [];
  for (const path of paths) {
    try {
      found.push(...(await recall(path, memory)));
    } catch (error) {
      if (!isMissing(error)) unreadable(path, error as Error);
    }
  }
  return found;
}

/** Those that may hold the generation up to its offset, by their heads, the most likely first. */
export function candidatesFor(
  { dev, ino, fingerprint, offset }: Pick<GenerationPosition, 'dev' | 'ino' | 'fingerprint' | 'offset'>,
  logs: readonly FoundLog[],
): FoundLog[] {
  const alike = logs.filter(
    (log) => log.fingerprint === fingerprint && (log.kind !== 'plain' || log.size >= offset),
  );
  const rank = (log: FoundLog): number => {
    if (log.kind !== 'plain') return 2;
    return log.dev === dev && log.ino === ino ? 0 : 1;
  };
  return alike.toSorted((a, b) => rank(a) - rank(b));
}

/** Opens what was found once more; undefined when the path holds something else by now. Rejects when it cannot be read. */
export async function openFound(found: FoundLog, purpose: ReadPurpose): Promise<Opened | undefined> {
  const log = await openLog(found.path, purpose);
  const close = (): Promise<void> => log.content.close();
  try {
    let content: Content | undefined = log.content;
    for (let member = 0; member < found.member && content !== undefined; member++) {
      content = content instanceof ArchiveContent ? await content.following() : undefined;
    }
    if (content !== undefined && (await begins(content, found))) return { content, close };
  } catch (error) {
    await close();
    throw error;
  }
  await close();
  return undefined;
}

async function begins(content: Content, { fingerprint, fingerprintBytes }: FoundLog): Promise<boolean> {
  const head = Buffer.allocUnsafe(FINGERPRINT_MAX_BYTES);
  const count = await content.read(head, FINGERPRINT_MAX_BYTES, 0);
  const found = fingerprintOf(head.subarray(0, count), true);
  return count > 0 && found?.hash === fingerprint && found.bytes === fingerprintBytes;
}

/** Whether a log holds what was read of a generation, not only its head. Rejects when it cannot be read. */
export async function isHolding(found: FoundLog, position: Evidence): Promise<boolean> {
  if (position.mark === undefined) return true;
  const opened = await openFound(found, 'identify');
  if (opened === undefined) return false;
  try {
    return (await agreeing(opened.content, [position])).length > 0;
  } finally {
    await opened.close();
  }
}

async function recall(path: string, memory: LogMemory): Promise<readonly FoundLog[]> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  const version = `${dev}:${ino}:${size}:${mtimeNs}`;
  const known = memory.get(path);
  if (known?.version === version) return known.logs;
  const logs = await identify(path);
  memory.set(path, { version, logs });
  return logs;
}

async function identify(path: string): Promise<FoundLog[]> {
  const log = await openLog(path, 'identify');
  const { kind, dev, ino, size } = log;
  const found: FoundLog[] = [];
  let content: Content | undefined = log.content;
  try {
    for (let member = 0; content !== undefined; member++) {
      const head = Buffer.allocUnsafe(FINGERPRINT_MAX_BYTES);
      const count = await content.read(head, FINGERPRINT_MAX_BYTES, 0);
      const fingerprint = count === 0 ? undefined : fingerprintOf(head.subarray(0, count), true);
      if (fingerprint !== undefined) {
        const { hash, bytes } = fingerprint;
        found.push({ path, member, kind, dev, ino, size, fingerprint: hash, fingerprintBytes: bytes });
      }
      if (!kind.startsWith('tar.') || !(content instanceof ArchiveContent)) break;
      content = await content.following();
    }
  } finally {
    await log.content.close();
  }
  return found;
}
