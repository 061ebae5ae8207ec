/**
 * What an id may hold: two subscribers whose names differ in a broken byte would become one, and Lago's database refuses
 * NUL. So an id with any such character is none: it is said, and nobody is billed for it.
 */

/** NUL and the other control characters (C0, DEL, C1), U+FFFD, half a character. */
const UNFIT = /[\0-\u001f\u007f-\u009f\ufffd\p{Cs}]/u; // oxlint-disable-line no-control-regex

export function isFitForId(text: string): boolean {
  return !UNFIT.test(text);
}

/** The first character that does not fit, for a person; undefined when all do. */
export function unfitCharacter(text: string): string | undefined {
  const [found] = UNFIT.exec(text) ?? [];
  if (found === undefined) return undefined;
  if (found === '\ufffd') return 'U+FFFD, which stands for bytes that are not UTF-8';
  const code = found.charCodeAt(0);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return code >= 0xd800 ? `${name}, half a character` : `${name}, a control character`;
}
