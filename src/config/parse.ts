import { LineCounter, parseDocument } from 'yaml';
import type { YAMLParseError } from 'yaml';
import type { ConfigProblem } from '../errors.ts';

/** What a file holds, or why it cannot be read as YAML (of which JSON is a part). */
export type Parsed = { readonly data: unknown } | { readonly problems: readonly ConfigProblem[] };

/** Messages of the YAML parser that make no sense to a person who does not know the library. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands here twice',
  MULTIPLE_DOCS: 'a second document begins here; a configuration is one',
};

/**
 * Parses YAML 1.2 with merge keys (`<<`). Problems say line and column, never the text of the line: it may hold a key.
 * Unknown tags are problems, too: `!env X` would otherwise silently be the text `X`.
 */
export function parseText(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const problems: ConfigProblem[] = [];
  let lastLine = 0;
  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(error.pos[0]);
    // What follows on the same line is mostly a consequence of the first error there.
    if (line === lastLine) continue;
    lastLine = line;
    const words = PLAIN_WORDS[error.code] ?? lowerFirst(error.message);
    problems.push({ path: '', message: `line ${line}, column ${col}: ${words}${hint(text, error)}` });
  }
  if (problems.length > 0) return { problems };
  try {
    const data: unknown = document.toJS();
    // By way of JSON each alias becomes a copy of its own: an item may be completed without changing another.
    return { data: data === null ? null : (JSON.parse(JSON.stringify(data)) as unknown) };
  } catch (error) {
    // An alias without its anchor, or one that grows without end.
    return { problems: [{ path: '', message: lowerFirst((error as Error).message) }] };
  }
}

/** The mistake that templates invite: `{ status: ${status} }`, where the brace begins a YAML mapping. */
function hint(text: string, error: Pick<YAMLParseError, 'pos'>): string {
  return text.slice(error.pos[0] - 1, error.pos[0] + 1) === '${' ? '; put the template in quotes' : '';
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
