/**
 * The files of dead letters and what a start reads of them: `dead/<kind>-<day>.ndjson`, where the kind is `lines`
 * or `at-<destination>`. Within a kind files are written in the order of their names, each from front to end.
 */
import { join } from 'node:path';
import type { DeadLetter } from '../types.ts';
import type { IdSet } from './id-set.ts';
import type { LetterClaim, LetterSpan } from './letter-claims.ts';
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
  /** Those of earlier runs that may come again, wherever: of a replay, which reads everything from the beginning. */
  readonly known?: IdSet;
  /** Those of ranges that are not settled. */
  readonly claims: readonly LetterClaim[];
  readonly tails: ReadonlyMap<string, LetterTail>;
}

export interface LetterSearch {
  /** What was written after these places is looked at, and all there is of kinds that have no mark. */
  readonly marks: LetterMarks;
  /** Before the marks: these places. */
  readonly places?: ReadonlyMap<string, readonly LetterSpan[]>;
  /** Takes a letter and where it stands. */
  readonly found: (letter: KnownLetter, file: string, from: number, to: number) => void;
}

const BLOCK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Memory is that of a block, however many letters there are. */
export async function findLetters(
  fs: StateFs,
  folder: string,
  { marks, places = new Map<string, LetterSpan[]>(), found }: LetterSearch,
): Promise<ReadonlyMap<string, LetterTail>> {
  const tails = new Map<string, LetterTail>();
  for (const file of await fs.list(folder)) {
    const kind = kindOfFile(file);
    if (kind === undefined) continue;
    const path = join(folder, file);
    const mark = marks[kind];
    const spans = (places.get(kind) ?? []).filter(([name]) => name === file);
    const isNewer = mark === undefined || file >= mark.file;
    if (!isNewer && spans.length === 0) continue;
    const size = (await fs.size(path)) ?? 0;
    const look = async (start: number, limit: number): Promise<number> => {
      let end = start;
      for await (const line of linesOf(fs, path, start, limit)) {
        const letter = parseLetter(line.bytes);
        if (letter === undefined) continue;
        found(letter, file, line.start, line.end);
        end = line.end;
      }
      return end;
    };
    // A file that has become shorter has been edited: marks and places say nothing any more.
    const isEdited = spans.some(([, , to]) => to > size) || (mark?.file === file && mark.offset > size);
    if (!isEdited) for (const [, from, to] of spans) await look(from, to);
    else if (!isNewer) await look(0, Infinity);
    if (!isNewer) continue;
    const end = await look(!isEdited && mark?.file === file ? mark.offset : 0, Infinity);
    tails.set(kind, { file, end, torn: size > end });
  }
  return tails;
}

/**
 * Makes durable what was found: a process that was killed may have left letters that are only in the page cache. Only
 * the last write of each kind can be such, and it is in the newest file.
 */
export async function keepLetters(fs: StateFs, folder: string, tails: FoundLetters['tails']): Promise<void> {
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

/** The lines of a file that have a newline, without it, from `from` on up to `limit`, and where they begin and end. */
async function* linesOf(
  fs: StateFs,
  path: string,
  from: number,
  limit: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly start: number; readonly end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let position = from;
  while (position < limit) {
    const block = await fs.readAt(path, position, Math.min(BLOCK_BYTES, limit - position));
    if (block.length === 0) return;
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const offset = position - rest.length;
    position += block.length;
    let start = 0;
    for (let newline; (newline = bytes.indexOf(NEWLINE, start)) >= 0; start = newline + 1) {
      yield { bytes: bytes.subarray(start, newline), start: offset + start, end: offset + newline + 1 };
    }
    rest = bytes.subarray(start);
  }
}
