/**
 * Finds where what was read last of a log stands in another file: an edited copy of it, a part of it, a copy with more
 * behind. Lines before that place were read already, under other offsets.
 */
import { isMarked, markOf, MARK_BYTES, type Mark } from '../mark.ts';
import type { Content } from './content.ts';

const NEWLINE = 0x0a;
const BLOCK_BYTES = 512 * 1024;
/** What is shorter may stand anywhere. */
const LEAST_BYTES = 16;
/** So much of the end of a log is compared with another one, line by line. */
const END_BYTES = 1024 * 1024;

/** A line of a file: it ends, with its newline, at `end`. */
interface PlacedLine {
  readonly start: number;
  readonly end: number;
  /** Undefined when it is longer than what is looked at in one piece. */
  readonly bytes: Buffer | undefined;
}

/**
 * Behind what the mark was made of. Where only the last line stands in the file, and nothing that came before it, it
 * must stand there once (`loosely`).
 */
export async function findMark(content: Content, mark: Mark, loosely: boolean): Promise<number | undefined> {
  if (mark.bytes < LEAST_BYTES) return undefined;
  const isAlone = mark.lineBytes === mark.bytes;
  const isLast = (line: Buffer): boolean => markOf(line.subarray(-mark.lineBytes))?.hash === mark.lineHash;
  let whole: number | undefined;
  let line: number | undefined;
  let lines = 0;
  const look = async (end: number): Promise<void> => {
    const before = await standsBefore(content, end);
    if (isMarked(before, mark)) whole = end;
    else if (!isLast(before)) return;
    line ??= end;
    lines++;
  };
  await eachLine(content, ({ start, end, bytes }) => {
    const length = end - start;
    if (length !== mark.lineBytes && !(isAlone && length > mark.lineBytes)) return undefined;
    if (bytes !== undefined && !isLast(bytes)) return undefined;
    return look(end);
  });
  if (whole !== undefined) return whole;
  return loosely && lines === 1 && mark.lineBytes >= LEAST_BYTES ? line : undefined;
}

/**
 * Behind the last line of `content` that stands in the last part of `other` as well, of which all was read up to
 * `offset`: it was copied from there, and is longer than what was read at that time, or as long.
 */
export async function findCopied(
  content: Content,
  other: Content,
  offset: number,
): Promise<number | undefined> {
  const from = Math.max(0, offset - END_BYTES);
  const end = Buffer.allocUnsafe(offset - from);
  const count = await other.read(end, end.length, from);
  const known = new Set<string>(
    end
      .toString('latin1', 0, count)
      .split('\n')
      .slice(from === 0 ? 0 : 1, -1),
  );
  for (const line of known) if (line.length < LEAST_BYTES) known.delete(line);
  let last: number | undefined;
  await eachLine(content, ({ end, bytes }) => {
    if (bytes !== undefined && known.has(bytes.toString('latin1', 0, bytes.length - 1))) last = end;
    return undefined;
  });
  return last;
}

/** As many bytes as a mark needs. */
async function standsBefore(content: Content, end: number): Promise<Buffer> {
  const before = Buffer.allocUnsafe(Math.min(end, MARK_BYTES));
  return before.subarray(0, await content.read(before, before.length, end - before.length));
}

/** Whole lines, in their order; waits where it is told to. Only of files that can be read anywhere. */
async function eachLine(
  content: Content,
  visit: (line: PlacedLine) => Promise<void> | undefined,
): Promise<void> {
  const bytes = Buffer.allocUnsafe(BLOCK_BYTES);
  let start = 0;
  for (let at = 0; ;) {
    const count = await content.read(bytes, BLOCK_BYTES, at);
    if (count === 0) return;
    const block = bytes.subarray(0, count);
    for (let newline; (newline = block.indexOf(NEWLINE, Math.max(0, start - at))) >= 0;) {
      const end = at + newline + 1;
      const visiting = visit({
        start,
        end,
        bytes: start < at ? undefined : block.subarray(start - at, end - at),
      });
      if (visiting !== undefined) await visiting;
      start = end;
    }
    // A line that is cut by the end of the block is read again as a whole, if it fits.
    at = start > at ? start : at + count;
  }
}
