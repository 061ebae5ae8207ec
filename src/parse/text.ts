/** From the bytes of a line to its text. Bytes that are not UTF-8 become U+FFFD; nothing here fails. */
import { isUtf8 } from 'node:buffer';
import type { Repairs } from '../types.ts';

const CR = 0x0d;
const NUL = 0x00;
const REPLACEMENT = '\ufffd';

/**
 * The text of `bytes[start, end)` without what is no part of it: a trailing `\r`, a byte order mark, and the run of
 * NUL bytes that a truncated file can begin with. Counts lines that are not UTF-8.
 */
export function lineText(bytes: Buffer, start: number, end: number, repairs: Repairs): string {
  let from = start;
  let to = end;
  while (to > from && bytes[to - 1] === CR) to--;
  while (from < to && bytes[from] === NUL) from++;
  if (to - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf)
    from += 3;
  const text = bytes.toString('utf8', from, to);
  // The check is cheap: text of one byte per character cannot hold U+FFFD.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, to))) repairs.invalidUtf8++;
  return text;
}

/** True when there is nothing but white space. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** Replaces runs of `\xHH` by the UTF-8 text that their bytes make; `onInvalid` tells that they make none. */
export function decodeHexEscapes(text: string, onInvalid: () => void): string {
  return text.replace(/(?:\\x[\dA-Fa-f]{2})+/g, (run) => hexRunToText(run, onInvalid));
}

/** The text of one run of `\xHH`. */
export function hexRunToText(run: string, onInvalid: () => void): string {
  const bytes = Buffer.from(run.replaceAll('\\x', ''), 'hex');
  if (!isUtf8(bytes)) onInvalid();
  return bytes.toString('utf8');
}
