import type { z } from 'zod';
import type { pageQuery } from './schema.ts';

export type PageQuery = z.output<typeof pageQuery>;

/** What Prisma is asked for: one more than fits, which tells whether there is another page. */
export function pageArguments({ limit, after }: PageQuery) {
  return { orderBy: { id: 'asc' }, take: limit + 1, ...(after === undefined ? {} : { where: { id: { gt: after } } }) } as const;
}

/** `rows`: as `pageArguments` got them. */
export function pageOf<Row extends { readonly id: Id }, Id>(
  rows: readonly Row[],
  limit: number,
): { rows: readonly Row[]; next: Id | null } {
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
}
