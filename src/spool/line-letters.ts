/** The dead letters of the lines of one range. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { DeadLetter } from '../types.ts';
import type { FailedLine, OpenRange } from './open-range.ts';

/** @param now Unix ms. */
export function lettersOf(range: OpenRange, now: number): DeadLetter[] {
  const time = new Date(now).toISOString();
  const { path, fingerprint } = range.generation;
  const plausible = plausibleOf(range);
  return range.failures.map(({ offset, failure, line, lineBytes }: FailedLine) => ({
    id: lineLetterId(fingerprint, offset, line, failure.rule),
    time,
    ...failure,
    source: range.source,
    path,
    fingerprint,
    offset,
    ...(isUtf8(line) ? { line: line.toString('utf8') } : { line_base64: line.toString('base64') }),
    ...(lineBytes === undefined ? {} : { line_bytes: lineBytes }),
    ...(failure.reason === 'implausible_timestamp' && plausible),
  }));
}

/** For who reads the line again, and must come to the same. */
function plausibleOf({ decisiveLimits: limits }: OpenRange): Pick<DeadLetter, 'plausible'> | undefined {
  if (limits === undefined) return undefined;
  const { earliestMs, latestMs } = limits;
  return {
    plausible: { earliest: new Date(earliestMs).toISOString(), latest: new Date(latestMs).toISOString() },
  };
}

/** With the line, as two files may begin alike. What may change while it is read again has no part in it. */
export function lineLetterId(fingerprint: string, offset: number, line: Buffer, rule = ''): string {
  const content = createHash('sha256').update(line).digest('hex').slice(0, 16);
  return `${fingerprint}:${offset}:${content}:${rule}`;
}
