/**
 * Billing periods, in UTC: which one holds a given moment.
 */
import type { Interval } from './resources.ts';

/** Unix milliseconds: the first one of the period and the last one. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** 5 January 1970, a Monday: calendar weeks begin on one. */
const A_MONDAY = Date.UTC(1970, 0, 5);
const A_NEW_YEAR = Date.UTC(1970, 0, 1);

const MONTHS: Readonly<Record<Exclude<Interval, 'weekly'>, number>> = {
  monthly: 1,
  quarterly: 3,
  semiannual: 6,
  yearly: 12,
};

/** The first millisecond of the day of `ms`. */
export const startOfDay = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;

/** Begins of periods repeat from `anniversary` (Unix milliseconds), or with the calendar when there is none. */
export function periodAt(ms: number, interval: Interval, anniversary?: number): Period {
  if (interval === 'weekly') {
    const anchor = anniversary === undefined ? A_MONDAY : startOfDay(anniversary);
    const from = anchor + Math.floor((ms - anchor) / WEEK_MS) * WEEK_MS;
    return { from, to: from + WEEK_MS - 1 };
  }
  const step = MONTHS[interval];
  const anchor = new Date(anniversary ?? A_NEW_YEAR);
  const date = new Date(ms);
  const months =
    (date.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + date.getUTCMonth() - anchor.getUTCMonth();
  let count = Math.floor(months / step);
  if (monthsAfter(anchor, count * step) > ms) count--;
  return { from: monthsAfter(anchor, count * step), to: monthsAfter(anchor, (count + 1) * step) - 1 };
}

/** The start of the anchor's day, `months` later; the last day of a month that is too short for it. */
function monthsAfter(anchor: Date, months: number): number {
  const [year, month] = [anchor.getUTCFullYear(), anchor.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(anchor.getUTCDate(), lastDay));
}
