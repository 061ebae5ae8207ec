/**
 * Lists in pages, as every list of Lago's API has them.
 */
import { queryText } from './fields.ts';

const PER_PAGE = 100;

export interface PageMeta {
  readonly current_page: number;
  readonly next_page: number | null;
  readonly prev_page: number | null;
  readonly total_pages: number;
  readonly total_count: number;
}

/** The page that the query asks for (`page` from 1, `per_page`), and the `meta` of the answer. */
export function pageOf<T>(items: readonly T[], query: unknown): { page: T[]; meta: PageMeta } {
  const perPage = positive(queryText(query, 'per_page')) ?? PER_PAGE;
  const current = positive(queryText(query, 'page')) ?? 1;
  const pages = Math.ceil(items.length / perPage);
  return {
    page: items.slice((current - 1) * perPage, current * perPage),
    meta: {
      current_page: items.length === 0 ? 0 : current,
      next_page: current < pages ? current + 1 : null,
      prev_page: items.length > 0 && current > 1 ? current - 1 : null,
      total_pages: pages,
      total_count: items.length,
    },
  };
}

function positive(text: string | undefined): number | undefined {
  const number = Number.parseInt(text ?? '', 10);
  return number > 0 ? number : undefined;
}
