/** How long a server asks us to wait. */
import type { IncomingHttpHeaders } from 'node:http';

/** No server may silence us for longer; it is asked again then. */
export const MOST_MS = 600_000;
/** Larger numbers are a point in time (Unix seconds), not seconds left … */
const POINT_IN_TIME = 1_000_000_000;
/** … and from here on one in milliseconds. */
const POINT_IN_TIME_MS = 100_000_000_000;

/**
 * The larger of `Retry-After` (seconds or a date; `retry-after-ms`: milliseconds) and, where a rate limit was hit,
 * `X-RateLimit-Reset` (Lago: seconds left; elsewhere also a point in time, in seconds, milliseconds or as a date). Points in
 * time are measured against the answer's own `Date`: the server's clock need not be ours.
 * @param now Unix milliseconds
 * @returns milliseconds, at most 10 minutes, 0 when nothing (understandable) was asked for
 */
export function requestedWaitMs(status: number, headers: IncomingHttpHeaders, now: number): number {
  const date = Date.parse(single(headers['date']));
  const serverNow = Number.isNaN(date) ? now : date;
  const limited = status === 429 || single(headers['x-ratelimit-remaining']) === '0';
  const waits = [
    parseWait(single(headers['retry-after']), serverNow),
    parseNumber(single(headers['retry-after-ms'])) ?? 0,
    limited ? parseWait(single(headers['x-ratelimit-reset']), serverNow) : 0,
  ];
  return Math.ceil(Math.min(Math.max(...waits, 0), MOST_MS));
}

/** @returns milliseconds */
export function parseWait(value: string, serverNow: number): number {
  const number = parseNumber(value);
  if (number === undefined) {
    // Only what is meant as a date: `Date.parse` takes a good deal of nonsense for one, such as "-5".
    const date = /[A-Za-z]{3}.*\d\d:\d\d|^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(date) ? 0 : date - serverNow;
  }
  if (number >= POINT_IN_TIME_MS) return number - serverNow;
  return number >= POINT_IN_TIME ? number * 1000 - serverNow : number * 1000;
}

function parseNumber(value: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

export function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
}
