/** `${log_id}`: the identity of a log line. Depends on where the line stands and on its bytes, and on nothing else. */
import { hash } from 'node:crypto';
import type { LinePlace } from '../types.ts';

/** 32 hex digits of SHA-256 over `fingerprint NUL offset NUL line`; the line without its newline, otherwise byte for byte. */
export function logId(bytes: Buffer, start: number, end: number, place: LinePlace): string {
  const head = `${place.generation.fingerprint}\0${place.offset}\0`;
  const input = scratch(head.length + end - start);
  const written = input.write(head, 'latin1');
  bytes.copy(input, written, start, end);
  return hash('sha256', input.subarray(0, written + end - start), 'hex').slice(0, 32);
}

let reused = Buffer.allocUnsafe(4096);

/** Room for `size` bytes, used again for the next line. */
function scratch(size: number): Buffer {
  if (reused.length < size) reused = Buffer.allocUnsafe(size);
  return reused;
}
