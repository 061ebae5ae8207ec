/** `${log_id}`: the identity of a log line. Depends on where the line stands and on its bytes, and on nothing else. */
import { hash } from 'node:crypto';
import type { LinePlace } from '../types.ts';
import type { IdSalt } from './id-salt.ts';

const NUL = 0;
const ZERO = 0x30;
/** A NUL, the digits of the largest offset, and another NUL. */
const OFFSET_BYTES = 1 + String(Number.MAX_SAFE_INTEGER).length + 1;

export const LOG_ID_DIGITS = 32;

/**
 * 32 hex digits of SHA-256 over `fingerprint NUL offset NUL line`; the line without its newline, otherwise byte for byte.
 * With a salt, its identity stands in place of the fingerprint.
 */
export function logId(bytes: Buffer, start: number, end: number, place: LinePlace, salt?: IdSalt): string {
  return logHash(bytes, start, end, place, salt).slice(0, LOG_ID_DIGITS);
}

/** All 64 digits. Reading characters of a slice is several times slower. */
export function logHash(
  bytes: Buffer,
  start: number,
  end: number,
  { generation, offset }: LinePlace,
  salt?: IdSalt,
): string {
  const fingerprint = salt === undefined ? generation.fingerprint : salt.identityOf(generation);
  const room = fingerprint.length + OFFSET_BYTES;
  if (room + end - start > input.length) {
    input = Buffer.allocUnsafe(2 * (room + end - start));
    written = '';
  }
  if (fingerprint !== written) {
    input.write(fingerprint, 'latin1');
    written = fingerprint;
  }
  const line = writeOffset(fingerprint.length, offset);
  bytes.copy(input, line, start, end);
  return hash('sha256', input.subarray(0, line + end - start), 'hex');
}

/** What is hashed; used again for the next line, which mostly has the same fingerprint. */
let input = Buffer.allocUnsafe(4096);
/** The fingerprint that it begins with. */
let written = '';

/** Writes the offset between two NULs; returns the position behind them. */
function writeOffset(at: number, offset: number): number {
  let digits = 1;
  for (let rest = offset; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  input[at] = NUL;
  const end = at + 1 + digits;
  for (let i = end - 1, rest = offset; i > at; i--) {
    const tens = Math.floor(rest / 10);
    input[i] = ZERO + rest - tens * 10;
    rest = tens;
  }
  input[end] = NUL;
  return end + 1;
}
