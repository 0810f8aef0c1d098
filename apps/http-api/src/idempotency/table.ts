import { withoutDashes } from '@heliograph/message';
import type { Log } from '@heliograph/service';
import pg from 'pg';
import { createLane } from './lane.ts';

/** A request under its key. */
export interface Keyed {
  readonly tenant: string;
  readonly key: string;
  /** SHA-256 of what makes it the same request. */
  readonly fingerprint: Buffer;
}

/** One that somebody works on; `holder`, a UUID, is who. */
export interface Held {
  readonly tenant: string;
  readonly key: string;
  readonly holder: string;
}

/** Whose request it is, by what the table says. */
export type Claim =
  /** `again`: somebody else began it, and it is not known how far that went. */
  | { readonly kind: 'mine'; readonly base: string; readonly again: boolean }
  | { readonly kind: 'answered'; readonly answer: string }
  | { readonly kind: 'in_flight' }
  /** The key belongs to another request. */
  | { readonly kind: 'reused' };

/** The keys, and what came of them: the only place that knows the table. Each rejects when PostgreSQL does not do it. */
export interface IdempotencyTable {
  /** On disk when it resolves. */
  claim(keyed: Keyed & Held & { readonly base: string }): Promise<Claim>;
  /** The answer that the same request gets from now on; nothing happens when the holder is another one by now. */
  keep(held: Held & { readonly answer: string }): Promise<void>;
  /** As if the key had not been used. */
  free(held: Held): Promise<void>;
  /** Whoever comes next may go on with it at once. */
  release(held: Held): Promise<void>;
  /** Removes up to `rowsMax` of those that are older; gives how many. */
  purge(olderThanMs: number, rowsMax: number): Promise<number>;
  close(): Promise<void>;
}

/** One each for those that begin and those that end. */
const connectionsMax = 2;
/** Of a statement: 13 MB, if each answers a thousand recipients. */
const itemsMax = 100;
const answersInMs = 5_000;
/** A key may be freed between two looks at it; seldom more than once. */
const triesMax = 3;

export function openIdempotencyTable(databaseUrl: string, leaseMs: number, log: Pick<Log, 'warn'>): IdempotencyTable {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connectionsMax,
    connectionTimeoutMillis: answersInMs,
    query_timeout: answersInMs,
    keepAlive: true,
    application_name: 'http-api idempotency',
  });
  pool.on('error', (error) => log.warn({ err: error }, 'idempotency: a connection was lost'));
  const query = <Row extends pg.QueryResultRow>(statement: Statement, values: unknown[]) => pool.query<Row>({ ...statement, values });

  const begin = createLane<Keyed & Held & { readonly base: string }, boolean>(async (items) => {
    // in one order everywhere, so that two processes never wait for each other in a circle
    const sorted = items.toSorted((a, b) => compare(a.tenant, b.tenant) || compare(a.key, b.key));
    const { rows } = await query<{ holder: string }>(statements.begin, [...columns(sorted, beginColumns), leaseMs]);
    const holders = new Set(rows.map(({ holder }) => holder));
    return items.map(({ holder }) => holders.has(holder));
  }, itemsMax);

  const keep = createLane<Held & { readonly answer: string }, void>(async (items) => {
    await query(statements.keep, columns(items, [...heldColumns, 'answer']));
    return [];
  }, itemsMax);

  const free = createLane<Held, void>(async (items) => {
    await query(statements.free, columns(items, heldColumns));
    return [];
  }, itemsMax);

  /** What there is under a key that somebody had before, taken over if nobody is at work on it; undefined: nothing, by now. */
  async function look({ tenant, key, fingerprint, holder }: Keyed & Held): Promise<Claim | undefined> {
    const { rows } = await query<FoundRow>(statements.look, [tenant, key, fingerprint, holder, leaseMs]);
    const [found] = rows;
    if (!found) return undefined;
    if (!found.same) return { kind: 'reused' };
    if (found.answer !== null) return { kind: 'answered', answer: found.answer };
    return found.taken ? { kind: 'mine', base: withoutDashes(found.base), again: true } : { kind: 'in_flight' };
  }

  return {
    async claim(wanted) {
      for (let tries = 1; tries <= triesMax; tries++) {
        if (await begin(wanted)) return { kind: 'mine', base: wanted.base, again: false };
        const claim = await look(wanted);
        if (claim) return claim;
      }
      return { kind: 'in_flight' };
    },
    keep,
    free,
    async release({ tenant, key, holder }) {
      await query(statements.release, [tenant, key, holder]);
    },
    purge: async (olderThanMs, rowsMax) => (await query(statements.purge, [olderThanMs, rowsMax])).rowCount ?? 0,
    close: () => pool.end(),
  };
}

interface FoundRow {
  readonly same: boolean;
  readonly base: string;
  readonly answer: string | null;
  readonly taken: boolean;
}

/** Prepared by its name, once a connection. */
interface Statement {
  readonly name: string;
  readonly text: string;
}

const heldColumns = ['tenant', 'key', 'holder'] as const;
const beginColumns = [...heldColumns, 'fingerprint', 'base'] as const;

/** Leases run by PostgreSQL's clock: the processes' own may differ. */
const statements = {
  begin: {
    name: 'idempotency_begin',
    text: `INSERT INTO http_api.idempotency (tenant, key, holder, fingerprint, base, created_at, held_until)
           SELECT tenant, key, holder, fingerprint, base, clock_timestamp(), clock_timestamp() + $6 * interval '1 ms'
           FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::uuid[]) AS given (tenant, key, holder, fingerprint, base)
           ON CONFLICT DO NOTHING RETURNING holder`,
  },
  look: {
    name: 'idempotency_look',
    text: `WITH taken AS (
             UPDATE http_api.idempotency SET holder = $4, held_until = clock_timestamp() + $5 * interval '1 ms'
             WHERE tenant = $1 AND key = $2 AND fingerprint = $3 AND answer IS NULL AND held_until <= clock_timestamp()
             RETURNING holder
           )
           SELECT fingerprint = $3 AS same, base, answer, EXISTS (SELECT FROM taken) AS taken
           FROM http_api.idempotency WHERE tenant = $1 AND key = $2`,
  },
  keep: {
    name: 'idempotency_keep',
    text: `UPDATE http_api.idempotency AS kept SET answer = given.answer
           FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) AS given (tenant, key, holder, answer)
           WHERE kept.tenant = given.tenant AND kept.key = given.key AND kept.holder = given.holder AND kept.answer IS NULL`,
  },
  free: {
    name: 'idempotency_free',
    text: `DELETE FROM http_api.idempotency AS kept
           USING unnest($1::text[], $2::text[], $3::uuid[]) AS given (tenant, key, holder)
           WHERE kept.tenant = given.tenant AND kept.key = given.key AND kept.holder = given.holder AND kept.answer IS NULL`,
  },
  release: {
    name: 'idempotency_release',
    text: `UPDATE http_api.idempotency SET held_until = clock_timestamp()
           WHERE tenant = $1 AND key = $2 AND holder = $3 AND answer IS NULL`,
  },
  purge: {
    name: 'idempotency_purge',
    text: `DELETE FROM http_api.idempotency WHERE (tenant, key) IN (
             SELECT tenant, key FROM http_api.idempotency WHERE created_at < clock_timestamp() - $1 * interval '1 ms'
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
           )`,
  },
} as const satisfies Record<string, Statement>;

/** One array for each column, as unnest wants them. */
function columns<Name extends string>(items: readonly Readonly<Record<Name, unknown>>[], names: readonly Name[]): unknown[][] {
  return names.map((name) => items.map((item) => item[name]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
