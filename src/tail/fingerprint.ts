/**
 * What tells one generation from another: a hash of its first line. It survives renaming and compression, and the
 * file need not be read again to know it.
 */
import { createHash } from 'node:crypto';

/** Bytes of the first line that count. */
export const FINGERPRINT_MAX_BYTES = 1024;
const HEX_DIGITS = 32;
const NEWLINE = 0x0a;

export interface Fingerprint {
  /** 32 hex digits. */
  readonly hash: string;
  /** How many bytes it was made from. */
  readonly bytes: number;
}

/**
 * The fingerprint of a file that begins with `head`, its first `FINGERPRINT_MAX_BYTES` bytes or, when it is shorter,
 * all of it. Undefined while the first line is still growing; with `complete`, nothing more will come.
 */
export function fingerprintOf(head: Buffer, complete: boolean): Fingerprint | undefined {
  const counted = head.subarray(0, FINGERPRINT_MAX_BYTES);
  const newline = counted.indexOf(NEWLINE);
  if (newline < 0 && counted.length < FINGERPRINT_MAX_BYTES && !complete) return undefined;
  const line = newline < 0 ? counted : counted.subarray(0, newline);
  return { hash: createHash('sha256').update(line).digest('hex').slice(0, HEX_DIGITS), bytes: line.length };
}
