import { withoutDashes, type HeldAnswer, type HeldQuestion } from '@heliograph/message';
import type { Database } from './history.ts';
import { messageOf } from './shown.ts';

/** Newest first. Of what is `scheduled`: what was accepted a moment ago does not wait yet, and cannot be released before it does. */
export async function readHeld(database: Database, { tenant, limit, before }: HeldQuestion): Promise<HeldAnswer> {
  const rows = await database.message.findMany({
    where: {
      held: { not: null },
      state: 'scheduled',
      acceptedAt: { not: null },
      ...(tenant === undefined ? {} : { tenant }),
      ...(before === undefined ? {} : { id: { lt: before } }),
    },
    orderBy: { id: 'desc' },
    take: limit + 1,
  });
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { messages: rows.slice(0, limit).map(messageOf), ...(last ? { next: withoutDashes(last.id) } : {}) };
}
