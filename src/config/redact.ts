/** What stands in the place of a secret. */
const MASK = '[redacted]';

/** `text` without any of `secrets`, for logs, errors and status answers. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  // The longest first: one secret may be a part of another.
  for (const secret of secrets.toSorted((a, b) => b.length - a.length)) {
    if (secret !== '') clean = clean.replaceAll(secret, MASK);
  }
  return clean;
}
