/** The vocabulary of plausible times: what the spool keeps of a decision, and the mapper decides by. */

/** Which times of lines are plausible, Unix ms, both included. Never negative; the last one may be infinite. */
export interface TimeLimits {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** All times are. By these, lines are read again that were mapped before and not found implausible. */
export const NO_LIMITS: TimeLimits = Object.freeze({ earliestMs: 0, latestMs: Infinity });
