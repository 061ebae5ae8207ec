/**
 * Whether the lines of a file that nobody knows stand in another one that is known: it was made from that one, by
 * `split`, `grep`, an editor or a backup. Asked only of files that would be billed otherwise, and within bounds.
 */
import { ArchiveContent } from './archive-content.ts';
import { openLog, type Content } from './content.ts';
import { fileKey } from './file-key.ts';
import type { RotatedFile } from './rotated-file.ts';
import type { ListedFile } from './scan.ts';
import { isMissing } from './siblings.ts';

/** So much of a line is compared. */
const LINE_BYTES = 64 * 1024;
const STEP_BYTES = 1024 * 1024;
/** So much is searched for the lines of one file, in all known files together. */
const MOST_BYTES = 256 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The path of another file in which both its first and its last line stand; undefined when there is none.
 * @param listed Files that are there: one of them that is not any more has got another name, and the answer is in it.
 * @param known Paths of files that are known, as far as they are there.
 * Rejects when it cannot be told for now.
 */
export async function copiedFrom(
  file: RotatedFile,
  listed: readonly Pick<ListedFile, 'path' | 'key'>[],
  known: Iterable<string>,
): Promise<string | undefined> {
  const lines = await endsOf(file);
  if (lines.length === 0) return undefined;
  const left = { bytes: MOST_BYTES };
  const keys = new Map(listed.map(({ path, key }) => [path, key]));
  for (const path of new Set([...known, ...keys.keys()])) {
    if (path === file.path) continue;
    try {
      if (await holds(path, keys.get(path), file.key, lines, left)) return path;
    } catch (error) {
      const isSystems = (error as NodeJS.ErrnoException).syscall !== undefined;
      // What is gone or damaged proves nothing. What cannot be read for another reason could.
      if (error instanceof MovedError || (isSystems && (keys.has(path) || !isMissing(error)))) throw error;
    }
  }
  return undefined;
}

class MovedError extends Error {}

/** The first whole line, and of a plain file the last one, each with the newlines around it where there are any. */
async function endsOf(file: RotatedFile): Promise<Buffer[]> {
  const log = await openLog(file.path, 'identify');
  try {
    if (fileKey(log.dev, log.ino) !== file.key) throw new Error(`${file.path} is another file by now`);
    const head = await piece(log.content, 0);
    const end = head.indexOf(NEWLINE);
    if (end < 0) return head.length < LINE_BYTES ? [] : [head];
    const first = Buffer.concat([Buffer.of(NEWLINE), head.subarray(0, end + 1)]);
    if (!log.content.growing) return [first];
    const tail = await piece(log.content, Math.max(0, log.size - LINE_BYTES));
    const stop = tail.lastIndexOf(NEWLINE);
    const start = stop > 0 ? tail.lastIndexOf(NEWLINE, stop - 1) : -1;
    return start < 0 ? [first] : [first, Buffer.from(tail.subarray(start, stop + 1))];
  } finally {
    await log.content.close();
  }
}

async function piece(content: Content, position: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(LINE_BYTES);
  return bytes.subarray(0, await content.read(bytes, LINE_BYTES, position));
}

async function holds(
  path: string,
  expected: string | undefined,
  own: string,
  lines: readonly Buffer[],
  left: { bytes: number },
): Promise<boolean> {
  const log = await openLog(path, 'identify');
  let content: Content | undefined = log.content;
  try {
    const key = fileKey(log.dev, log.ino);
    if (expected !== undefined && key !== expected) throw new MovedError(`${path} is another file by now`);
    if (key === own) return false;
    const missing = new Set(lines);
    while (content !== undefined && left.bytes > 0) {
      await seek(content, missing, left);
      if (missing.size === 0) return true;
      content = content instanceof ArchiveContent ? await content.following() : undefined;
    }
    return false;
  } finally {
    await log.content.close();
  }
}

/** Takes from `missing` the lines that the content holds. */
async function seek(content: Content, missing: Set<Buffer>, left: { bytes: number }): Promise<void> {
  const overlap = LINE_BYTES + 2;
  const bytes = Buffer.allocUnsafe(overlap + STEP_BYTES);
  // The first line of a file has no newline before it.
  bytes[0] = NEWLINE;
  let kept = 1;
  for (let at = 0; left.bytes > 0 && missing.size > 0;) {
    content.forget(at);
    const into = bytes.subarray(kept, kept + STEP_BYTES);
    const count = await content.read(into, STEP_BYTES, at);
    if (count === 0) return;
    at += count;
    left.bytes -= count;
    const present = bytes.subarray(0, kept + count);
    for (const line of missing) if (present.includes(line)) missing.delete(line);
    kept = Math.min(overlap, present.length);
    present.copy(bytes, 0, present.length - kept);
  }
}
