import type { BillingDatabase } from './database.ts';

/** How far a look has come: by time, and among what has one time by id. Kept, so that a new leader goes on where the last one was. */
export interface LookPosition {
  readonly atMs: number;
  readonly id: string;
}

export interface LookProgress {
  /** Undefined: it has not looked yet. */
  read(look: string): Promise<LookPosition | undefined>;
  write(look: string, position: LookPosition): Promise<void>;
}

export function createLookProgress(database: BillingDatabase): LookProgress {
  return {
    async read(look) {
      const row = await database.reconciled.findUnique({ where: { look } });
      return row ? { atMs: row.upTo.getTime(), id: row.upToId } : undefined;
    },
    async write(look, { atMs, id }) {
      const fields = { upTo: new Date(atMs), upToId: id };
      await database.reconciled.upsert({ where: { look }, create: { look, ...fields }, update: fields });
    },
  };
}
