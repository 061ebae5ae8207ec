import { LineCounter, parseDocument } from 'yaml';
import type { YAMLParseError } from 'yaml';
import type { ConfigProblem } from '../errors.ts';

/** What a file holds, or why it cannot be read as YAML (of which JSON is a part). */
export type Parsed = { readonly data: unknown } | { readonly problems: readonly ConfigProblem[] };

/** Errors after which the rest of the file still means what it says; in words for a person who does not know the library. */
const HARMLESS: Readonly<Record<string, string | undefined>> = {
  DUPLICATE_KEY: 'this key stands here twice',
  TAG_RESOLVE_FAILED: 'tags like !name mean nothing here',
};

/**
 * Parses YAML 1.2 with merge keys (`<<`). Problems say line and column, and never repeat the text: it may hold a key.
 * Unknown tags are problems, too: `!env X` would otherwise silently be the text `X`.
 */
export function parseText(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const problems: ConfigProblem[] = [];
  for (const error of [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const { line, col } = lines.linePos(error.pos[0]);
    const words = HARMLESS[error.code] ?? plainWords(error);
    problems.push({ path: '', message: `line ${line}, column ${col}: ${words}${hint(text, error)}` });
    // Beyond a real syntax error the parser only guesses, and its guesses are noise.
    if (HARMLESS[error.code] === undefined) break;
  }
  if (problems.length > 0) return { problems };
  try {
    const data: unknown = document.toJS();
    // By way of JSON each alias becomes a copy of its own: an item may be completed without changing another.
    return { data: data === null ? null : (JSON.parse(JSON.stringify(data)) as unknown) };
  } catch (error) {
    // An alias without its anchor, or one that grows without end.
    return { problems: [{ path: '', message: lowerFirst((error as Error).message.replace(/: .*$/s, '')) }] };
  }
}

/** The mistake that templates invite: `{ status: ${status} }`, where the brace begins a YAML mapping. */
function hint(text: string, error: Pick<YAMLParseError, 'pos'>): string {
  return text.slice(error.pos[0] - 1, error.pos[0] + 1) === '${' ? '; put the template in quotes' : '';
}

function plainWords({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; a configuration is one';
  // Some messages end with the text that was found.
  return lowerFirst(message.replace(/: ".*"$/s, ''));
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
