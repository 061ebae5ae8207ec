/**
 * The files of dead letters and what a start reads of them: `dead/<kind>-<day>.ndjson`, where the kind is `lines`
 * or `at-<destination>`. Within a kind files are written in the order of their names, each from front to end.
 */
import { join } from 'node:path';
import type { DeadLetter } from '../types.ts';
import type { StateFs } from './state-fs.ts';

/** A place among the letters of a kind: after all earlier files, at `offset` of this one. */
export interface LetterMark {
  readonly file: string;
  readonly offset: number;
}

/** By kind. */
export type LetterMarks = Readonly<Record<string, LetterMark>>;

/** What of a letter tells whether it may come again. */
export type KnownLetter = Pick<DeadLetter, 'id' | 'source' | 'fingerprint' | 'offset' | 'destination'>;

export const LINES = 'lines';
export const kindAt = (destination: string): string => `at-${destination}`;
export const kindOf = ({ destination }: Pick<DeadLetter, 'destination'>): string =>
  destination === undefined ? LINES : kindAt(destination);

/** @param now Unix ms. */
export const letterFile = (kind: string, now: number): string =>
  `${kind}-${new Date(now).toISOString().slice(0, 10)}.ndjson`;

const NAME = /^(?<kind>.+)-\d{4}-\d\d-\d\d\.ndjson$/;
const kindOfFile = (name: string): string | undefined => NAME.exec(name)?.groups?.['kind'];

/** The newest file of a kind. */
export interface LetterTail {
  readonly file: string;
  /** End of its last whole letter. */
  readonly end: number;
  /** More follows: a letter that a crash cut off. */
  readonly torn: boolean;
}

export interface FoundLetters {
  /** By id: those that are on disk and may come again. */
  readonly known: Map<string, KnownLetter>;
  readonly tails: ReadonlyMap<string, LetterTail>;
}

const BLOCK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Reads what was written after `marks`; all there is of kinds that have no mark. */
export async function findLetters(
  fs: StateFs,
  folder: string,
  marks: LetterMarks,
  mayComeAgain: (letter: KnownLetter) => boolean = () => true,
): Promise<FoundLetters> {
  const known = new Map<string, KnownLetter>();
  const tails = new Map<string, LetterTail>();
  for (const file of await fs.list(folder)) {
    const kind = kindOfFile(file);
    const mark = kind === undefined ? undefined : marks[kind];
    if (kind === undefined || (mark !== undefined && file < mark.file)) continue;
    const path = join(folder, file);
    const size = (await fs.size(path)) ?? 0;
    // A file that has become shorter has been edited: the mark says nothing any more.
    const from = mark?.file === file && mark.offset <= size ? mark.offset : 0;
    let end = from;
    for await (const line of linesOf(fs, path, from)) {
      const letter = parseLetter(line.bytes);
      if (letter === undefined) continue;
      end = line.end;
      if (mayComeAgain(letter)) known.set(letter.id, letter);
    }
    tails.set(kind, { file, end, torn: size > end });
  }
  return { known, tails };
}

/**
 * Makes durable what was found: a process that was killed may have left letters that are only in the page cache. Only
 * the last write of each kind can be such, and it is in the newest file.
 */
export async function keepLetters(fs: StateFs, folder: string, { tails }: FoundLetters): Promise<void> {
  for (const { file, end } of tails.values()) await fs.writeAt(join(folder, file), end, Buffer.alloc(0));
  if (tails.size > 0) await fs.syncDir(folder);
}

/** undefined when it is no whole letter. */
function parseLetter(line: Buffer): KnownLetter | undefined {
  try {
    const letter = JSON.parse(line.toString('utf8')) as Partial<DeadLetter> | null;
    const { id, source = '', fingerprint = '', offset = 0, destination } = letter ?? {};
    if (id === undefined) return undefined;
    return { id, source, fingerprint, offset, ...(destination === undefined ? {} : { destination }) };
  } catch {
    return undefined;
  }
}

/** The lines of a file that have a newline, without it, and the offset after it. */
async function* linesOf(
  fs: StateFs,
  path: string,
  from: number,
): AsyncGenerator<{ bytes: Buffer; end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let position = from;
  for (;;) {
    const block = await fs.readAt(path, position, BLOCK_BYTES);
    if (block.length === 0) return;
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const offset = position - rest.length;
    position += block.length;
    let start = 0;
    for (let newline; (newline = bytes.indexOf(NEWLINE, start)) >= 0; start = newline + 1) {
      yield { bytes: bytes.subarray(start, newline), end: offset + newline + 1 };
    }
    rest = bytes.subarray(start);
  }
}
