/**
 * Which times of lines are plausible: an event of 1970 or of 2611 would be billed in a period that never comes. What is
 * plausible depends on when it is asked; so it is asked once, when a line is first mapped, and the answer stays with what
 * was made of the line (docs/mapping.md, "Timestamps").
 */
import type { SourceConfig } from '../config/types.ts';
import type { TimeLimits } from '../time-limits.ts';

/** The last time that JavaScript has a date for. */
const LAST_MS = 8.64e15;

/** @param nowMs Unix ms @param allowOld Lifts the first limit: a replay of what is old on purpose. */
export function limitsAt(
  { plausible_age: age, plausible_future: future }: Pick<SourceConfig, 'plausible_age' | 'plausible_future'>,
  nowMs: number,
  allowOld = false,
): TimeLimits {
  return {
    earliestMs: allowOld ? 0 : Math.max(0, Math.floor(nowMs - age * 1000)),
    latestMs: Math.min(LAST_MS, Math.floor(nowMs + future * 1000)),
  };
}

export function isPlausible(timeMs: number, { earliestMs, latestMs }: TimeLimits): boolean {
  return timeMs >= earliestMs && timeMs <= latestMs;
}

/** What is wrong with a time that is not plausible, and what to do: one sentence. */
export function implausibility(timeMs: number, { earliestMs, latestMs }: TimeLimits): string {
  const time = new Date(timeMs).toISOString();
  return timeMs < earliestMs
    ? `${time} is before ${new Date(earliestMs).toISOString()}, which plausible_age allows; if it is right, tailmeter replay --allow-old bills it`
    : `${time} is after ${new Date(latestMs).toISOString()}, which plausible_future allows; mend the clock or the time format of the log`;
}
