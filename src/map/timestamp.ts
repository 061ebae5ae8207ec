/**
 * Points in time as logs write them, in integer Unix milliseconds: read from the digits, never by floating-point
 * arithmetic, so that `1786100000.123` less `0.057` is exactly `1786100000.066`.
 */
import { plainDecimal } from './decimal.ts';

/** From here on a number counts milliseconds: as seconds it would be the year 5138. */
const FIRST_MILLISECOND_VALUE = 100_000_000_000;
/** A thousand times that would be microseconds or nanoseconds, which nothing says. */
const LAST_MILLISECOND_VALUE = FIRST_MILLISECOND_VALUE * 1000 - 1;

const DECIMAL = /^(\d{1,15})(?:\.(\d+))?$/;
/** Date and time with an offset, as RFC 3339 and ISO 8601 have it; the basic offset `+0200` too. */
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?(?:[Zz]|([+-])(\d\d):?(\d\d)?)$/;
/** `$time_local` of NGINX: `20/Nov/2026:16:17:07 +0100`. */
const LOCAL = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Unix milliseconds of Unix seconds, Unix milliseconds (from 1e11), ISO 8601 with an offset, or `$time_local`.
 * Digits past the millisecond are cut off. NaN for anything else, and for times before 1970.
 */
export function parseTime(text: string): number {
  const trimmed = text.trim();
  const decimal = DECIMAL.exec(plainDecimal(trimmed) ?? '');
  if (decimal !== null) return fromNumber(Number(decimal[1]), decimal[2] ?? '');
  const iso = ISO.exec(trimmed);
  if (iso !== null) return fromIso(iso);
  const local = LOCAL.exec(trimmed);
  return local === null ? NaN : fromLocal(local);
}

/** Milliseconds of a duration in seconds, such as `$request_time`; NaN for anything else. */
export function parseDuration(text: string): number {
  const decimal = DECIMAL.exec(text.trim());
  return decimal === null ? NaN : Number(decimal[1]) * 1000 + thousandths(decimal[2] ?? '');
}

/** Unix seconds as JSON, with at most three decimals and no zero behind them. */
export function formatSeconds(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const rest = milliseconds - seconds * 1000;
  if (rest === 0) return String(seconds);
  return `${seconds}.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
}

function fromNumber(whole: number, decimals: string): number {
  if (whole > LAST_MILLISECOND_VALUE) return NaN;
  return whole >= FIRST_MILLISECOND_VALUE ? whole : whole * 1000 + thousandths(decimals);
}

function thousandths(decimals: string): number {
  return Number(decimals.slice(0, 3).padEnd(3, '0'));
}

function fromIso(match: RegExpExecArray): number {
  const [, year, month, day, hour, minute, second = '0', decimals = '', sign, offsetHour, offsetMinute] =
    match;
  const date = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  return afterEpoch(date + thousandths(decimals) - offset(sign, offsetHour, offsetMinute));
}

function fromLocal(match: RegExpExecArray): number {
  const [, day, month = '', year, hour, minute, second, sign, offsetHour, offsetMinute] = match;
  const number = MONTHS.indexOf(month) + 1;
  const date = utc(Number(year), number, Number(day), Number(hour), Number(minute), Number(second));
  return afterEpoch(date - offset(sign, offsetHour, offsetMinute));
}

/** NaN when a part is out of its range. A leap second is the first of the next minute. */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const midnight = new Date(Date.UTC(year, month - 1, day));
  const exists = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 60) return NaN;
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}

function offset(sign: string | undefined, hour = '0', minute = '0'): number {
  if (Number(hour) > 23 || Number(minute) > 59) return NaN;
  return (Number(hour) * 60 + Number(minute)) * 60_000 * (sign === '-' ? -1 : 1);
}

function afterEpoch(milliseconds: number): number {
  return milliseconds >= 0 ? milliseconds : NaN;
}
