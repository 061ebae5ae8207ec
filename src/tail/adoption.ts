/**
 * Decides which rotated files a source reads, and from where, once its registry has said which of them it knows.
 *
 * The rules for a file that is not known:
 * - It turned up while its log was being followed: it is a generation that was rotated away between two looks.
 * - It was there when the log was first looked at, and other rotated files are known (of the same log, else of
 *   another one of the source): what is newer than the oldest of them was written while nobody looked; what is older
 *   is history.
 * - Nothing of the log is known any more though the source has positions: everything there is, to be safe. Reading
 *   a line twice is harmless, for it gives the same event; not reading it is not.
 * - The source is new: rotated files are history, except those that its glob names.
 */
import type { Family } from './family.ts';
import { identityOf, type Known, type Registry, type Verdict } from './registry.ts';
import type { RotatedFile } from './scan.ts';
import { isRotated } from './paths.ts';
import { byAge, namedAfter } from './siblings.ts';

export interface AdoptionContext {
  readonly registry: Registry;
  /** The source had positions when it started. */
  readonly resumed: boolean;
  /** The look at the start, not a later one. */
  readonly initial: boolean;
  /** When the tailer started, Unix nanoseconds. */
  readonly startedNs: bigint;
  readonly isMatched: (path: string) => boolean;
  /** The path is a glob: its logs come and go. */
  readonly isGlob: boolean;
}

export interface Adopted {
  readonly file: RotatedFile;
  /** Absent for a new generation. */
  readonly known?: Known;
}

/** What to do with the rotated files of a scan: which ones to read, and which are known or history. */
export interface Adoption {
  readonly read: Adopted[];
  readonly leave: RotatedFile[];
}

/**
 * Marks resumed generations as open, so that a copy of the same one is left. Call it after the files that the paths
 * name have been recognised by inode, and before they are by content.
 */
export function adopt(files: readonly RotatedFile[], context: AdoptionContext): Adoption {
  const { registry } = context;
  const verdicts = new Map<RotatedFile, Verdict>();
  const give = (file: RotatedFile, verdict: Verdict | undefined): void => {
    if (verdict === undefined) return;
    verdicts.set(file, verdict);
    if (verdict.kind === 'resume') verdict.known.status = 'open';
  };
  for (const file of files) give(file, registry.byFile(file));
  for (const file of files) if (!verdicts.has(file)) give(file, registry.byContent(file));

  const recognised = files.filter((file) => (verdicts.get(file)?.kind ?? 'new') !== 'new');
  const adoption: Adoption = { read: [], leave: [] };
  for (const file of files) {
    const verdict = verdicts.get(file);
    if (verdict?.kind === 'resume') adoption.read.push({ file, known: verdict.known });
    else if (verdict?.kind === 'leave') adoption.leave.push(file);
    else if (file.family.searched || isSince(file, recognised, context)) adoption.read.push({ file });
    else {
      registry.add({ ...identityOf(file), path: file.path }, 0, 'ignored');
      adoption.leave.push(file);
    }
  }
  return adoption;
}

function isSince(file: RotatedFile, recognised: readonly RotatedFile[], context: AdoptionContext): boolean {
  const oldest = recognised.find(({ family }) => family === file.family) ?? recognised.toSorted(byAge)[0];
  if (oldest !== undefined) return file.mtimeNs >= oldest.mtimeNs || namedAfter(file.stamp, oldest.stamp);
  if (context.initial && !context.resumed) return context.isMatched(file.path);
  if (!context.initial) return context.isMatched(file.path) || file.mtimeNs >= context.startedNs;
  return hasOrphan(file.family, context);
}

/** A generation of this log is known, but nowhere to be found. */
function hasOrphan({ path }: Family, { registry, isGlob }: AdoptionContext): boolean {
  return registry
    .missing()
    .some(({ generation }) => !isGlob || generation.path === path || isRotated(generation.path, [path]));
}
