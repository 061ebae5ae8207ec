/** The dead letters of the lines of one range. */
import { isUtf8 } from 'node:buffer';
import type { DeadLetter } from '../types.ts';
import type { FailedLine, OpenRange } from './open-range.ts';

/** @param now Unix ms. */
export function lettersOf(range: OpenRange, now: number): DeadLetter[] {
  const time = new Date(now).toISOString();
  const { path, fingerprint } = range.generation;
  return range.failures.map(({ offset, failure, line, lineBytes }: FailedLine) => ({
    id: lineLetterId(fingerprint, offset, failure.rule),
    time,
    ...failure,
    source: range.source,
    path,
    fingerprint,
    offset,
    ...(isUtf8(line) ? { line: line.toString('utf8') } : { line_base64: line.toString('base64') }),
    ...(lineBytes === undefined ? {} : { line_bytes: lineBytes }),
  }));
}

const lineLetterId = (fingerprint: string, offset: number, rule: string | undefined): string =>
  `${fingerprint}:${offset}:${rule ?? ''}`;
