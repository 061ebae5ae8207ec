/** How long a server asks us to wait. */
import type { IncomingHttpHeaders } from 'node:http';

/** No server may silence us for longer; it is asked again then. */
const MOST_MS = 3_600_000;
/** Larger values of `X-RateLimit-Reset` are a point in time, not seconds left. */
const POINT_IN_TIME = 1_000_000_000;

/**
 * The larger of `Retry-After` (seconds or an HTTP date) and, where a rate limit was hit, `X-RateLimit-Reset` (Lago:
 * seconds left; elsewhere also Unix seconds).
 * @param now Unix milliseconds
 * @returns milliseconds, 0 when nothing (understandable) was asked for
 */
export function requestedWaitMs(status: number, headers: IncomingHttpHeaders, now: number): number {
  const retryAfter = parseRetryAfter(single(headers['retry-after']), now);
  const limited = status === 429 || single(headers['x-ratelimit-remaining']) === '0';
  const reset = limited ? parseReset(single(headers['x-ratelimit-reset']), now) : 0;
  return Math.ceil(Math.min(Math.max(retryAfter, reset, 0), MOST_MS));
}

function parseRetryAfter(value: string, now: number): number {
  const seconds = parseSeconds(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = value === '' ? Number.NaN : Date.parse(value);
  return Number.isNaN(date) ? 0 : date - now;
}

function parseReset(value: string, now: number): number {
  const seconds = parseSeconds(value);
  if (seconds === undefined) return 0;
  return seconds > POINT_IN_TIME ? seconds * 1000 - now : seconds * 1000;
}

function parseSeconds(value: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
}
