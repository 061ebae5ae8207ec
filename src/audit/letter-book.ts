/** All dead letters of a state directory, as far as an audit needs them. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { layoutOf } from '../spool/layout.ts';
import { kindAt, LINES, type LetterMarks } from '../spool/letter-files.ts';
import { lineLetterId } from '../spool/line-letters.ts';
import type { StateFs } from '../spool/state-fs.ts';
import type { TimeLimits } from '../time-limits.ts';
import type { DeadLetter } from '../types.ts';
import { eventKey } from './event-key.ts';

/**
 * What can be told of the files of a kind: `shortened`, the newest has fewer bytes than were written; `removed`, it
 * is gone. Of earlier files nothing is known.
 */
export type LetterFiles = 'intact' | 'shortened' | 'removed';

export interface LetterBook {
  /** Letters of lines: by fingerprint of the generation, by id, the offset of the line. */
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** By fingerprint, by offset of a line whose time was implausible: by which limits. */
  readonly implausible: ReadonlyMap<string, ReadonlyMap<number, TimeLimits>>;
  /** Letters of events: by destination, by id, the key of the event. */
  readonly events: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** `file:line` of what is no letter, or not the one that was written. */
  readonly damaged: readonly string[];
  files(destination?: string): Promise<LetterFiles>;
}

/** @param fingerprints Of the generations whose lines are of interest. */
export async function readLetterBook(
  fs: StateFs,
  stateDir: string,
  marks: LetterMarks,
  fingerprints: ReadonlySet<string>,
): Promise<LetterBook> {
  const { dead } = layoutOf(stateDir);
  const lines = new Map<string, Map<string, number>>();
  const events = new Map<string, Map<string, string>>();
  const implausible = new Map<string, Map<number, TimeLimits>>();
  const damaged: string[] = [];
  for (const name of (await fs.list(dead)).filter((file) => file.endsWith('.ndjson'))) {
    for await (const { letter, number } of lettersIn(join(dead, name))) {
      if (letter === undefined) {
        damaged.push(`${name}:${number}`);
      } else if (letter.destination !== undefined) {
        mapIn(events, letter.destination).set(letter.id, eventKey(letter.event ?? {}));
      } else if (fingerprints.has(letter.fingerprint)) {
        if (letter.id === idOf(letter)) {
          mapIn(lines, letter.fingerprint).set(letter.id, letter.offset);
          const limits = limitsOf(letter);
          if (limits !== undefined) mapIn(implausible, letter.fingerprint).set(letter.offset, limits);
        } else damaged.push(`${name}:${number}`);
      }
    }
  }
  const files = async (destination?: string): Promise<LetterFiles> => {
    const mark = marks[destination === undefined ? LINES : kindAt(destination)];
    if (mark === undefined || mark.file === '') return 'intact';
    const size = await fs.size(join(dead, mark.file));
    if (size === undefined) return 'removed';
    return size < mark.offset ? 'shortened' : 'intact';
  };
  return { lines, implausible, events, damaged, files };
}

/** The letters of a file; those that are none are undefined, except for a last one that was cut off by a crash. */
async function* lettersIn(
  path: string,
): AsyncGenerator<{ readonly number: number; readonly letter: DeadLetter | undefined }> {
  let number = 0;
  let cut: number | undefined;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number++;
    if (cut !== undefined) yield { number: cut, letter: undefined };
    cut = undefined;
    if (text === '') continue;
    const letter = parse(text);
    if (letter === undefined) cut = number;
    else yield { number, letter };
  }
  // A last line is being written now, or will be cut off by the next start, unless it has its newline.
  if (cut !== undefined && (await endsWithNewline(path))) yield { number: cut, letter: undefined };
}

function parse(text: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(text) as Partial<DeadLetter> | null;
    return typeof letter?.id === 'string' && typeof letter.fingerprint === 'string'
      ? (letter as DeadLetter)
      : undefined;
  } catch {
    return undefined;
  }
}

async function endsWithNewline(path: string): Promise<boolean> {
  let last: string | undefined;
  for await (const piece of createReadStream(path, 'latin1')) last = String(piece).at(-1);
  return last === '\n';
}

/** The id that a letter of a line must have, by what it says. */
function idOf({
  fingerprint,
  offset,
  line,
  line_base64: base64,
  line_bytes: length,
  rule,
}: DeadLetter): string {
  const bytes = line === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(line);
  return lineLetterId(fingerprint, offset, bytes, rule, length !== undefined);
}

/** What was plausible when the line was read; undefined when that was not what was wrong with it. */
function limitsOf({ plausible }: DeadLetter): TimeLimits | undefined {
  if (plausible === undefined) return undefined;
  const limits = { earliestMs: Date.parse(plausible.earliest), latestMs: Date.parse(plausible.latest) };
  return limits.earliestMs >= 0 && limits.latestMs >= 0 ? limits : undefined;
}

function mapIn<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let map = maps.get(key);
  if (map === undefined) maps.set(key, (map = new Map()));
  return map;
}
