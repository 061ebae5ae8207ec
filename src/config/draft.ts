/**
 * A configuration on its way: defaults are in, but parts may have the wrong type. Whatever looks at it takes only
 * what has the right one, so that one run can tell every problem and not only those of the schema.
 */
export type Draft = Record<string, unknown>;

export interface DraftItem {
  readonly index: number;
  /** `rules[0]` */
  readonly path: string;
  readonly item: Draft;
}

/** The items of `draft[key]` that are objects. */
export function itemsOf(draft: Draft, key: string): DraftItem[] {
  const list = draft[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) =>
    isDraft(item) ? [{ index, path: `${key}[${index}]`, item }] : [],
  );
}

/** `draft[key]` if it is text that says something. */
export function textOf(draft: Draft, key: string): string | undefined {
  const value = draft[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function isDraft(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
