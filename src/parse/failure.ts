/** Says why a line could not be parsed, without repeating more of it than a person needs to find the place. */
const EXCERPT_BEFORE = 24;
const EXCERPT_AFTER = 24;

/** A line that is not what its source's format promises. */
export class ParseFailure {
  /** One sentence: what was wrong and where. Shows at most 48 characters of the line. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A failure at a place in the text; `position` counts UTF-16 units from 0, as `JSON.parse` does. */
export function failureAt(text: string, position: number, problem: string): ParseFailure {
  const from = Math.max(0, position - EXCERPT_BEFORE);
  const to = Math.min(text.length, position + EXCERPT_AFTER);
  const excerpt = JSON.stringify(text.slice(from, to));
  const where = position >= text.length ? 'at the end of the line' : `at position ${position}`;
  return new ParseFailure(`${problem} ${where}, near ${excerpt}`);
}
