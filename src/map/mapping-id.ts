/** Tells whether two configurations make the same of a line. */
import { createHash } from 'node:crypto';
import type { Config } from '../config/types.ts';

/** A hash of all that decides what the lines of the logs become: sources, rules and how they apply. */
export function mappingId({ sources, rules, match }: Config): string {
  const lines = sources.map(({ path, format, max_line_bytes: limit, id_salt: salt }) => [
    path,
    format,
    limit,
    // Without one, it is what it was before there were any.
    ...(salt === undefined ? [] : [salt]),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([lines, rules, match]))
    .digest('hex');
}
