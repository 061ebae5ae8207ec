/**
 * What is known of one line while it is being scanned for its end: the hole before it, where a hole in it cuts it off,
 * and its beginning.
 */

const NUL = 0;
/** Kept of a line that is too long, for its dead letter. */
const HEAD_BYTES = 64 * 1024;
const NULS = Buffer.alloc(64 * 1024);

export class ScannedLine {
  /** Its first byte that is no NUL; as far as it was scanned, while there is none. */
  start: number;
  /** Its first NUL behind others: what comes before was cut off. */
  cut: number | undefined;
  head: Buffer = Buffer.alloc(0);
  #scanned: number;

  constructor(offset: number) {
    this.start = offset;
    this.#scanned = offset;
  }

  /** More of it: `bytes` stand at `offset`. What was taken before may come again. */
  take(bytes: Buffer, offset: number): void {
    const fresh = bytes.subarray(Math.max(0, this.#scanned - offset));
    const at = offset + bytes.length - fresh.length;
    this.#scanned = at + fresh.length;
    const from = this.start === at ? leadingNuls(fresh) : 0;
    this.start += from;
    if (from === fresh.length || this.cut !== undefined) return;
    const nul = fresh.indexOf(NUL, from);
    if (nul >= 0) this.cut = at + nul;
    const kept = Math.min(nul < 0 ? fresh.length : nul, from + HEAD_BYTES - this.head.length);
    if (kept > from) this.head = Buffer.concat([this.head, fresh.subarray(from, kept)]);
  }
}

/** Holes are large: most of the time all of it is one. */
export function leadingNuls(bytes: Buffer): number {
  let at = 0;
  while (
    at + NULS.length <= bytes.length &&
    bytes.compare(NULS, 0, NULS.length, at, at + NULS.length) === 0
  ) {
    at += NULS.length;
  }
  while (at < bytes.length && bytes[at] === NUL) at++;
  return at;
}
