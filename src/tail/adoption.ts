/**
 * Decides which rotated files a source reads, and from where, once its registry has said which of them it knows. What
 * nobody knows is judged by its history (`judgement.ts`). The rules for what was there before this run:
 * - Other rotated files are known (of the same log, else of another one of the source): what is newer than the oldest
 *   of them was written while nobody looked; what is older is history.
 * - Nothing that is there is known, though the log was read before: everything was.
 * - The source is new: rotated files are history, except those that its glob names.
 */
import { LATE_MS } from './appearances.ts';
import type { Family } from './family.ts';
import { doubtText, judge, type Situation } from './judgement.ts';
import { identityOf, type Known, type Registry, type Verdict } from './registry.ts';
import type { RotatedFile } from './rotated-file.ts';
import type { ListedFile } from './scan.ts';
import { isRotated } from './paths.ts';
import { byAge, namedAfter } from './siblings.ts';

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
/** Times of files are those of the last tick of the system, up to 10 ms ago: only what is later is surely later. */
const TICK_NS = 10_000_000n;
/** Between the counts of two rotated files that belong together; while they are being renamed one may be missing. */
const MOST_GAP = 2;

export interface AdoptionContext {
  readonly registry: Registry;
  /** The source had positions when it started. */
  readonly resumed: boolean;
  /** The search at the start, not a later one: of a log that appeared since, or whose folder did. */
  readonly initial: boolean;
  /** When the daemon started, Unix nanoseconds. */
  readonly startedNs: bigint;
  /** Now: monotonic milliseconds, and Unix nanoseconds. */
  readonly elapsedMs: number;
  readonly nowNs: bigint;
  readonly rotateWaitMs: number;
  readonly isMatched: (path: string) => boolean;
  /** The glob of another source names it. */
  readonly isOthers: (path: string) => boolean;
  /** The path is a glob: its logs come and go. */
  readonly isGlob: boolean;
  /** Everything in the folders. */
  readonly listed: readonly ListedFile[];
  /** Files of a first search that were recognised, in this or an earlier one: they say what is older. */
  readonly recognised: Set<RotatedFile>;
  /** The known file that a file was made from. Rejects when it cannot be told for now. */
  readonly copiedFrom: (file: RotatedFile) => Promise<string | undefined>;
  /** Their paths name a file that is not open yet, or cannot be: it may be what was read last. */
  readonly unseen: ReadonlySet<Family>;
  /** There are no descriptors left: nothing is called foreign that may be known by a file that cannot be opened. */
  readonly exhausted: boolean;
}

export interface Adopted {
  readonly file: RotatedFile;
  /** Absent while its first line, and so its identity, is not complete. */
  readonly known?: Known;
  /** Nothing was known of it. */
  readonly isNew: boolean;
}

export interface Doubted {
  readonly file: RotatedFile;
  /** The end of a sentence. */
  readonly why: string;
  /** Only its name says so: `rotated` may name it. */
  readonly unnamed?: boolean;
}

/** What to do with the rotated files of a scan. */
export interface Adoption {
  readonly read: Adopted[];
  /** Known already. */
  readonly leave: RotatedFile[];
  /** Those that could not be read just now. */
  readonly later: RotatedFile[];
  /** Not clear. */
  readonly ignore: Doubted[];
  /** It cannot be told yet. */
  readonly wait: RotatedFile[];
  /** Of these logs something that may be an older generation waits. */
  readonly held: Set<Family>;
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
  for (const file of files) {
    if (verdicts.has(file)) continue;
    // What has only an inode to offer has another one by now.
    if (file.origin === 'inode') give(file, { kind: 'leave' });
    else give(file, await readable(registry.byContent(file)));
  }
  return verdicts;
}

const readable = <T>(verdict: Promise<T>): Promise<T | 'unreadable'> => verdict.catch(() => 'unreadable');

/** Until it is open, and for archives, the file tells what copies of it hold. */
function takeUp(known: Known, { end }: RotatedFile): void {
  known.status = 'open';
  delete known.archive;
  if (known.evidence === undefined) known.whole = end;
}

/** Call it when all files were recognised, those that the paths name included. Marks new generations as open. */
export async function adopt(
  files: readonly RotatedFile[],
  verdicts: Verdicts,
  context: AdoptionContext,
): Promise<Adoption> {
  const { registry, recognised } = context;
  const kindOf = (file: RotatedFile): Verdict['kind'] | 'unreadable' => {
    const verdict = verdicts.get(file);
    return verdict === 'unreadable' ? verdict : (verdict?.kind ?? 'new');
  };
  for (const file of files) {
    if (!['resume', 'leave'].includes(kindOf(file)) || registry.isIgnored(file)) continue;
    file.appearance.ours = true;
    if (file.appearance.first) recognised.add(file);
  }
  const adoption: Adoption = { read: [], leave: [], later: [], ignore: [], wait: [], held: new Set() };
  for (const file of files) {
    // What is new may have become known meanwhile: another copy of it was met, or a descriptor holds it.
    const isNew = kindOf(file) === 'new';
    const verdict = isNew ? await readable(registry.byContent(file)) : verdicts.get(file);
    if (verdict === 'unreadable') adoption.later.push(file);
    else if (verdict?.kind === 'resume') adoption.read.push({ file, known: verdict.known, isNew: false });
    else if (verdict?.kind === 'leave') adoption.leave.push(file);
    else await judgeUnknown(file, adoption, context);
  }
  return adoption;
}

async function judgeUnknown(file: RotatedFile, adoption: Adoption, context: AdoptionContext): Promise<void> {
  const { registry, isMatched, isOthers } = context;
  if (isOthers(file.path) && !isMatched(file.path)) {
    adoption.leave.push(file);
    return;
  }
  const identity = { ...identityOf(file), path: file.path };
  if (isUndecidable(file, context)) {
    adoption.wait.push(file);
    return;
  }
  const judgement = judge(situationOf(file, context));
  if (judgement.kind === 'history') {
    registry.add(identity, 0, 'ignored').whole = file.end;
    adoption.leave.push(file);
  } else if (judgement.kind === 'ignore' && !context.exhausted) {
    registry.add(identity, 0, 'ignored').whole = file.end;
    const { doubt } = judgement;
    adoption.ignore.push({ file, why: doubtText(doubt, file.family.path), unnamed: doubt === 'sequence' });
  } else if (judgement.kind !== 'read') {
    adoption.wait.push(file);
    if (judgement.kind === 'wait' && judgement.likely) adoption.held.add(file.family);
  } else {
    await readUnlessCopy(file, identity, adoption, context);
  }
}

async function readUnlessCopy(
  file: RotatedFile,
  identity: Parameters<Registry['add']>[0],
  adoption: Adoption,
  { registry, isMatched, copiedFrom }: AdoptionContext,
): Promise<void> {
  const original = isMatched(file.path)
    ? undefined
    : await copiedFrom(file).then(
        (path) => ({ path }),
        () => undefined,
      );
  if (original === undefined && !isMatched(file.path)) {
    adoption.wait.push(file);
    adoption.held.add(file.family);
  } else if (original?.path !== undefined) {
    registry.add(identity, 0, 'ignored').whole = file.end;
    adoption.ignore.push({ file, why: `its lines stand in ${original.path}` });
  } else if (file.unfinished) {
    adoption.read.push({ file, isNew: true });
  } else {
    const known = registry.add(identity, 0, 'open');
    known.whole = file.end;
    adoption.read.push({ file, known, isNew: true });
  }
}

function situationOf(file: RotatedFile, context: AdoptionContext): Situation {
  const { elapsedMs, nowNs, rotateWaitMs, isMatched, listed } = context;
  const { first, rotated, grown, since, changedAt } = file.appearance;
  const growing = file.log.kind === 'plain';
  const writtenAgoMs = Number((nowNs - file.writtenNs) / NS_PER_MS);
  return {
    first,
    isSince: first && (file.appearance.isSince ??= isSince(file, context)),
    bornSince: first && isBornSince(file, context),
    rotated,
    matched: isMatched(file.path),
    grown: growing && grown,
    late: growing && isLate(file, context),
    inSequence: file.origin === 'declared' || isInSequence(file, listed),
    quiet: !growing || elapsedMs - changedAt >= rotateWaitMs || writtenAgoMs >= rotateWaitMs,
    settled: elapsedMs - since >= rotateWaitMs,
  };
}

function oldestOf(file: RotatedFile, context: AdoptionContext): RotatedFile | undefined {
  const recognised = [...context.recognised].toSorted(byAge);
  return recognised.find(({ family }) => family === file.family) ?? recognised[0];
}

/** Whether it was created later than what was read. Archives are created when they are packed, which says nothing. */
function isBornSince(file: RotatedFile, context: AdoptionContext): boolean {
  const oldest = oldestOf(file, context);
  if (oldest?.log.kind !== 'plain' || file.log.kind !== 'plain') return false;
  return oldest.bornNs > 0n && file.bornNs > oldest.bornNs;
}

function isSince(file: RotatedFile, context: AdoptionContext): boolean {
  const oldest = oldestOf(file, context);
  // Whole seconds: archives keep no more, and to read too much is the smaller evil.
  if (oldest !== undefined) {
    return secondsOf(file) >= secondsOf(oldest) || namedAfter(file.stamp, oldest.stamp);
  }
  // On a busy machine a log may be rotated between the start and the first search.
  const isLater = file.mtimeNs >= context.startedNs + (context.initial ? TICK_NS : 0n);
  return isLater || (context.resumed ? isEstranged(file.family, context) : context.isMatched(file.path));
}

/** Whether the log itself is what says if the file is history, and nobody has looked into it yet. */
function isUndecidable({ appearance, family }: RotatedFile, context: AdoptionContext): boolean {
  if (!appearance.first || appearance.isSince !== undefined || !context.resumed) return false;
  return context.unseen.has(family) && context.recognised.size === 0;
}

/** The log was read before, but nothing that is there now was: what it holds may all have come since. */
function isEstranged({ path, current }: Family, { registry, isGlob }: AdoptionContext): boolean {
  if (current?.known !== undefined) return false;
  return !isGlob || registry.some((at) => at === path || isRotated(at, [path]));
}

/**
 * Whether the file was written to when the present log had been there for longer than late writers take. Not to be told
 * where the log was truncated instead of created.
 */
function isLate({ family: { current }, writtenNs }: RotatedFile, context: AdoptionContext): boolean {
  if (current === undefined || current.log.birthNs === 0n) return false;
  if (context.registry.isShared(current.log, current.known)) return false;
  const lateMs = Math.max(LATE_MS, context.rotateWaitMs);
  return writtenNs > current.log.birthNs + BigInt(Math.ceil(lateMs)) * NS_PER_MS;
}

/** Counts begin at 0 or 1, or go on from those of files that are known; 8443 is the port of another log. */
function isInSequence(file: RotatedFile, listed: readonly ListedFile[]): boolean {
  if (file.stamp.scheme !== 'number') return true;
  const alike = listed.filter(
    ({ family, form, stamp }) => family === file.family && form === file.form && stamp.scheme === 'number',
  );
  const counts = alike.map(({ stamp, appearance }) => ({ at: Number(stamp.value), ours: appearance.ours }));
  // From the beginning, and from each file that is known, as far as there is no gap.
  const chained = new Set([0, ...counts.filter(({ ours }) => ours).map(({ at }) => at)]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { at } of counts) {
      if (chained.has(at) || ![...chained].some((other) => Math.abs(at - other) <= MOST_GAP)) continue;
      chained.add(at);
      grew = true;
    }
  }
  return chained.has(Number(file.stamp.value));
}

const secondsOf = ({ mtimeNs }: RotatedFile): bigint => mtimeNs / NS_PER_S;
