/** The dead letters of the lines of one range. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { DeadLetter } from '../types.ts';
import type { FailedLine, OpenRange } from './open-range.ts';

/** @param failures Those of the range that get one. @param now Unix ms. */
export function lettersOf(range: OpenRange, failures: readonly FailedLine[], now: number): DeadLetter[] {
  const time = new Date(now).toISOString();
  const { path, fingerprint } = range.generation;
  const plausible = plausibleOf(range);
  return failures.map(({ offset, failure, line, lineBytes }: FailedLine) => ({
    id: idOfFailure(fingerprint, { offset, failure, line, lineBytes }),
    time,
    reason: failure.reason,
    message: failure.message,
    ...(failure.rule === undefined ? {} : { rule: failure.rule }),
    source: range.source,
    path,
    fingerprint,
    offset,
    ...textOf(lineBytes === undefined ? line : wholeCharacters(line)),
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

const textOf = (line: Buffer): Pick<DeadLetter, 'line'> | Pick<DeadLetter, 'line_base64'> =>
  isUtf8(line) ? { line: line.toString('utf8') } : { line_base64: line.toString('base64') };

/** What a letter takes in its file, unless its line is full of control characters. */
export const mostLetterBytes = ({ line, failure }: FailedLine): number =>
  2 * (line.length + failure.message.length) + 1000;

/** The beginning of a line may end within a character. */
function wholeCharacters(head: Buffer): Buffer {
  for (let cut = 0; cut < 4 && cut < head.length; cut++) {
    const whole = head.subarray(0, head.length - cut);
    if (isUtf8(whole)) return whole;
  }
  return head;
}

export const idOfFailure = (
  fingerprint: string,
  {
    offset,
    failure,
    line,
    lineBytes,
  }: Pick<FailedLine, 'offset' | 'failure' | 'line'> & {
    readonly lineBytes?: number | undefined;
  },
): string => lineLetterId(fingerprint, offset, line, failure.rule, lineBytes !== undefined);

/** Of a line that is too long; 0.1.0 kept no more of it. */
const ID_BYTES_OF_HEAD = 1024;

/**
 * With the line, as two files may begin alike. What may change while it is read again has no part in it.
 * @param tooLong `line` is only its beginning
 */
export function lineLetterId(
  fingerprint: string,
  offset: number,
  line: Buffer,
  rule = '',
  tooLong = false,
): string {
  const bytes = tooLong ? line.subarray(0, ID_BYTES_OF_HEAD) : line;
  const content = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return `${fingerprint}:${offset}:${content}:${rule}`;
}
