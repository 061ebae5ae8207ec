/**
 * Decides which rotated files a source reads, and from where, once its registry has said which of them it knows.
 *
 * The rules for a file that is not known:
 * - It turned up while its log was being followed: it is a generation that was rotated away between two looks.
 * - It was there when the log was first looked at, and other rotated files are known (of the same log, else of
 *   another one of the source): what is newer than the oldest of them was written while nobody looked; what is older
 *   is history.
 * - Nothing that is there is known, though the log was read before: everything, to be safe. To read a line twice is
 *   harmless, for it gives the same event; not to read it is not.
 * - The source is new: rotated files are history, except those that its glob names.
 */
import type { Family } from './family.ts';
import { identityOf, type Known, type Registry, type Verdict } from './registry.ts';
import type { RotatedFile } from './scan.ts';
import { isRotated } from './paths.ts';
import { byAge, namedAfter } from './siblings.ts';

const NS_PER_S = 1_000_000_000n;
/** Times of files are those of the last tick of the system, up to 10 ms ago: only what is later is surely later. */
const TICK_NS = 10_000_000n;

export interface AdoptionContext {
  readonly registry: Registry;
  /** The source had positions when it started. */
  readonly resumed: boolean;
  /** The search at the start, not a later one: of a log that appeared since, or whose folder did. */
  readonly initial: boolean;
  /** When the daemon started, Unix nanoseconds. */
  readonly startedNs: bigint;
  readonly isMatched: (path: string) => boolean;
  /** The path is a glob: its logs come and go. */
  readonly isGlob: boolean;
}

export interface Adopted {
  readonly file: RotatedFile;
  /** Absent while its first line, and so its identity, is not complete. */
  readonly known?: Known;
  /** Nothing was known of it. */
  readonly isNew: boolean;
}

/** What to do with the rotated files of a scan: which ones to read, and which are known or history. */
export interface Adoption {
  readonly read: Adopted[];
  readonly leave: RotatedFile[];
  /** Those that could not be read just now. */
  readonly later: RotatedFile[];
}

export type Verdicts = ReadonlyMap<RotatedFile, Verdict | 'unreadable'>;

/**
 * What the registry says to the rotated files, by inode first, then by content. Marks resumed generations as open, so
 * that a copy of the same one is left. Call it after the files that the paths name were recognised by inode, and
 * before they are by content: of two files with the same first line, the rotated one is the old one.
 */
export async function recogniseRotated(files: readonly RotatedFile[], registry: Registry): Promise<Verdicts> {
  const verdicts = new Map<RotatedFile, Verdict | 'unreadable'>();
  const give = (file: RotatedFile, verdict: Verdict | 'unreadable' | undefined): void => {
    if (verdict === undefined) return;
    verdicts.set(file, verdict);
    if (verdict !== 'unreadable' && verdict.kind === 'resume') takeUp(verdict.known, file);
  };
  for (const file of files) give(file, await readable(registry.byFile(file)));
  for (const file of files) if (!verdicts.has(file)) give(file, await readable(registry.byContent(file)));
  return verdicts;
}

const readable = <T>(verdict: Promise<T>): Promise<T | 'unreadable'> => verdict.catch(() => 'unreadable');

/** Until it is open, and for archives, the file tells what copies of it hold. */
function takeUp(known: Known, { end }: RotatedFile): void {
  known.status = 'open';
  if (known.evidence === undefined) known.whole = end;
}

/** Call it when all files were recognised, those that the paths name included. Marks new generations as open. */
export async function adopt(
  files: readonly RotatedFile[],
  verdicts: Verdicts,
  context: AdoptionContext,
): Promise<Adoption> {
  const { registry } = context;
  const kindOf = (file: RotatedFile): Verdict['kind'] | 'unreadable' => {
    const verdict = verdicts.get(file);
    return verdict === 'unreadable' ? verdict : (verdict?.kind ?? 'new');
  };
  const recognised = files.filter((file) => ['resume', 'leave'].includes(kindOf(file)));
  const adoption: Adoption = { read: [], leave: [], later: [] };
  for (const file of files) {
    // What is new may have become known meanwhile: another copy of it was met, or a descriptor holds it.
    const isNew = kindOf(file) === 'new';
    const verdict = isNew ? await readable(registry.byContent(file)) : verdicts.get(file);
    if (verdict === 'unreadable') adoption.later.push(file);
    else if (verdict?.kind === 'resume') adoption.read.push({ file, known: verdict.known, isNew: false });
    else if (verdict?.kind === 'leave') adoption.leave.push(file);
    else if (!file.family.searched && !isSince(file, recognised, context)) {
      registry.add({ ...identityOf(file), path: file.path }, 0, 'ignored').whole = file.end;
      adoption.leave.push(file);
    } else if (file.unfinished) adoption.read.push({ file, isNew: true });
    else {
      const known = registry.add({ ...identityOf(file), path: file.path }, 0, 'open');
      known.whole = file.end;
      adoption.read.push({ file, known, isNew: true });
    }
  }
  return adoption;
}

function isSince(file: RotatedFile, recognised: readonly RotatedFile[], context: AdoptionContext): boolean {
  const oldest = recognised.find(({ family }) => family === file.family) ?? recognised.toSorted(byAge)[0];
  // Whole seconds: archives keep no more, and to read too much is the smaller evil.
  if (oldest !== undefined) {
    return secondsOf(file) >= secondsOf(oldest) || namedAfter(file.stamp, oldest.stamp);
  }
  // On a busy machine a log may be rotated between the start and the first search.
  const isLate = file.mtimeNs >= context.startedNs + (context.initial ? TICK_NS : 0n);
  return isLate || (context.resumed ? isEstranged(file.family, context) : context.isMatched(file.path));
}

/** The log was read before, but nothing that is there now was: what it holds may all have come since. */
function isEstranged({ path, current }: Family, { registry, isGlob }: AdoptionContext): boolean {
  if (current?.known !== undefined) return false;
  return !isGlob || registry.some((at) => at === path || isRotated(at, [path]));
}

const secondsOf = ({ mtimeNs }: RotatedFile): bigint => mtimeNs / NS_PER_S;
