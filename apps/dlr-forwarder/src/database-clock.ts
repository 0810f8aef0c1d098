import type { Database } from './database.ts';

/**
 * PostgreSQL's clock as this process knows it. What is due is stored there and shared by all processes, so it is due by that clock, whatever the clocks of
 * their machines say. Between two looks it goes on with a steady clock, which nobody sets; a jump of PostgreSQL's own is followed at the next look.
 */
export interface DatabaseClock {
  /** Unix ms, whole. */
  now(): number;
  /** Looks at PostgreSQL's. Rejects when there is no answer: what was learned last goes on. */
  refresh(): Promise<void>;
}

/** Rejects when PostgreSQL does not answer: nothing may be stored by a time that is not known. */
export async function openDatabaseClock(database: Database): Promise<DatabaseClock> {
  let offsetMs = offsetAfter(undefined, await look(database));
  return {
    now: () => Math.floor(performance.now() + offsetMs),
    async refresh() {
      const seen = await look(database);
      offsetMs = offsetAfter(offsetMs, seen);
    },
  };
}

/** One look at PostgreSQL's clock, ms; `askedMs` and `answeredMs` are of the steady clock. */
export interface Look {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly databaseMs: number;
}

/**
 * How far PostgreSQL's clock is ahead of the steady one. It was read somewhere between question and answer, so what is known stays while it fits: a slow
 * answer does not make a good offset worse, and the time does not go back by a little under what was put to be due now. What does not fit is learned
 * anew, as read in the middle.
 */
export function offsetAfter(knownMs: number | undefined, { askedMs, answeredMs, databaseMs }: Look): number {
  const leastMs = databaseMs - answeredMs;
  const mostMs = databaseMs - askedMs;
  if (knownMs !== undefined && knownMs >= leastMs && knownMs <= mostMs) return knownMs;
  return (leastMs + mostMs) / 2;
}

async function look(database: Database): Promise<Look> {
  const askedMs = performance.now();
  // not now(), which is when the transaction began
  const [row] = await database.$queryRaw<[{ ms: number }]>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  return { askedMs, answeredMs: performance.now(), databaseMs: row.ms };
}
