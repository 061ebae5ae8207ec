/**
 * Times as Lago's API takes and writes them. Inside the sandbox a time is Unix milliseconds; the time of an event
 * may have a fraction, because Lago keeps microseconds.
 */

/** The largest time that a JavaScript date can show: 13 September 275760. */
const MAX_MS = 8.64e15;

const SECONDS = /^\s*([+-]?)(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:e([+-]?\d+))?\s*$/i;

/**
 * Unix seconds as an event's `timestamp` gives them (`1651240791`, `1651240791.123`, `"1651240791.123"`) in
 * milliseconds; undefined when it is no number. Read as text, because `1651240791.123 * 1000` is not exact.
 */
export function parseUnixSeconds(value: unknown): number | undefined {
  const match = SECONDS.exec(String(value));
  if (match === null) return undefined;
  const [text, sign, whole, fraction = '', exponent] = match;
  if (whole === undefined && fraction === '') return undefined;
  let ms: number;
  if (exponent === undefined) {
    const micros = Number(fraction.replaceAll('_', '').slice(0, 6).padEnd(6, '0'));
    ms = Number((whole ?? '0').replaceAll('_', '')) * 1000 + micros / 1000;
    if (sign === '-') ms = -ms;
  } else {
    ms = Number(text.replaceAll('_', '')) * 1000;
  }
  return Math.abs(ms) <= MAX_MS ? ms : undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** An ISO 8601 date or date and time (UTC unless it says otherwise) in milliseconds; undefined for anything else. */
export function parseIso8601(text: string): number | undefined {
  let complete: string;
  if (DAY.test(text)) {
    complete = `${text}T00:00:00Z`;
  } else {
    const match = DATE_TIME.exec(text);
    if (match === null) return undefined;
    complete = match[3] === undefined ? `${text}Z` : text;
  }
  const ms = Date.parse(complete.replace(' ', 'T'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** `2022-04-29T13:59:51.123Z`; a year past 9999 keeps all its digits. */
export function isoMilliseconds(ms: number): string {
  return new Date(Math.floor(ms)).toISOString().replace(/^\+0*/, '');
}

/** `2022-04-29T13:59:51Z`. */
export function isoSeconds(ms: number): string {
  return isoMilliseconds(ms).replace(/\.\d{3}Z$/, 'Z');
}
