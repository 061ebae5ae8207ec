/**
 * Decides about a file that nobody knows beside a log: is it a generation that was created and rotated away unseen, or
 * another log? A name is not enough to be billed. A table of situations is in test/tail/judgement.test.ts.
 *
 * While the log is followed, a file can only have been rotated from it if the log was rotated in the meantime. What was
 * there before must fit between the generation that was read last and the log as it is now. What is not clear is not
 * billed, but said (`file_ignored`).
 */

export interface Situation {
  /** It was there when its folder was searched first. */
  readonly first: boolean;
  /** Of such a file: it was written after the source was read last, as far as times and names say. */
  readonly isSince: boolean;
  /** Of one that was not: it was created after the oldest that was read, all the same. */
  readonly bornSince: boolean;
  /** Of any other: the log was rotated since the search before the one that met it. */
  readonly rotated: boolean;
  /** The glob of the source names it: it is to be read, whatever it is. */
  readonly matched: boolean;
  /** It was written to long after the log was rotated. */
  readonly grown: boolean;
  /** It was last written to long after the present log was created. */
  readonly late: boolean;
  /** Its name goes with those of the other rotated files. */
  readonly inSequence: boolean;
  /** It has not been written to for `rotate_wait`. */
  readonly quiet: boolean;
  /** It has been there for `rotate_wait`. */
  readonly settled: boolean;
}

/** Why a file is not clearly a rotated one. */
export type Doubt = 'unsure' | 'not_rotated' | 'grown' | 'late' | 'sequence';

/**
 * - `read`: it is a generation of the log.
 * - `history`: it is from before the source was followed.
 * - `wait`: it cannot be told yet. `likely`: newer generations have to wait, too.
 * - `ignore`: it is not clear.
 */
export type Judgement =
  | { readonly kind: 'read' | 'history' }
  | { readonly kind: 'wait'; readonly likely: boolean }
  | { readonly kind: 'ignore'; readonly doubt: Doubt };

const READ: Judgement = { kind: 'read' };

export function judge(file: Situation): Judgement {
  const isOlder = file.first && !file.isSince;
  if (isOlder && !file.bornSince) return { kind: 'history' };
  if (file.matched) return READ;
  // What was read may have been written to after it: the times of the last writes prove nothing then.
  if (isOlder) return { kind: 'ignore', doubt: 'unsure' };
  if (!file.first && !file.rotated) {
    // The path may be switched to it, or the log truncated, the next moment.
    return file.settled ? { kind: 'ignore', doubt: 'not_rotated' } : { kind: 'wait', likely: false };
  }
  if (file.grown) return { kind: 'ignore', doubt: 'grown' };
  if (file.first && file.late) return { kind: 'ignore', doubt: 'late' };
  if (!file.inSequence) return { kind: 'ignore', doubt: 'sequence' };
  return file.quiet ? READ : { kind: 'wait', likely: true };
}

const DOUBTS: { readonly [K in Doubt]: (log: string) => string } = {
  unsure: () => 'it was created after the oldest rotated file that was read, but last written to before it',
  not_rotated: (log) => `it appeared while ${log} was not rotated`,
  grown: (log) => `it is written to, though ${log} was rotated before`,
  late: (log) => `it was written to after ${log} was begun anew`,
  sequence: () => 'its number does not follow on those of the rotated files',
};

/** What it says to a person: the end of a sentence that begins with the file. */
export const doubtText = (doubt: Doubt, log: string): string => DOUBTS[doubt](log);
