import { rankOf, type EraseAnswer, type EraseQuestion } from '@heliograph/message';
import type { Database } from './history.ts';
import { oldQualityStatement } from './quality.ts';
import { readHorizon } from './reports.ts';
import { idAt } from './search.ts';
import { tallyChanges } from './tally.ts';

export interface Erasing {
  erase(question: EraseQuestion, withinMs: number): Promise<EraseAnswer>;
  purge(beforeMs: number): Promise<number>;
}

/** Rows of one statement: some 100 ms, in which nothing else waits for long. */
const batchRows = 5_000;
/** One that has not ended, or of which only a part is known, goes as well when it is so much older: nothing takes that long. */
const unendedMs = 30 * 24 * 3_600_000;
const idFirst = '0'.repeat(32);
const idLast = 'f'.repeat(32);

/** Which messages: those after an id in their order, that have ended, or are older than another id. */
interface Doomed {
  readonly tenant: string;
  readonly after: string;
  readonly before: string;
  readonly unendedBefore: string;
}

interface DoomedReports {
  readonly doneBefore?: Date;
  readonly writtenBefore?: bigint;
}
const never = new Date(8.64e15);
const bigintMax = 2n ** 63n - 1n;

export function createErasing(database: Database): Erasing {
  async function eraseMessages({ tenant, after, before, unendedBefore }: Doomed): Promise<{ erased: number; last: string | null }> {
    const [done] = await database.$queryRawUnsafe<[{ erased: number; last: string | null }]>(
      eraseStatement,
      tenant,
      after,
      before,
      unendedBefore,
      batchRows,
    );
    return done;
  }

  async function eraseReports(tenant: string, { doneBefore = never, writtenBefore = bigintMax }: DoomedReports): Promise<number> {
    return database.$executeRawUnsafe(eraseReportsStatement, tenant, doneBefore, writtenBefore, batchRows);
  }

  /** Handsets' messages: a tenant's, or whosever they are and nobody's. */
  async function eraseInbound(before: string, tenant: string | null = null): Promise<number> {
    return database.$executeRawUnsafe(eraseInboundStatement, before, tenant, batchRows);
  }

  return {
    async erase({ tenant }, withinMs) {
      const untilMs = performance.now() + withinMs;
      // a report that is written from now on stays: its message may have ended too late to be erased
      const writtenBefore = await readHorizon(database);
      let [after, erased, left] = [idFirst, 0, true];
      do {
        const batch = await eraseMessages({ tenant, after, before: idLast, unendedBefore: idFirst });
        erased += batch.erased;
        left = batch.erased === batchRows;
        after = batch.last ?? after;
      } while (left && performance.now() < untilMs);
      for (let reports = batchRows; !left && reports === batchRows;) {
        if (performance.now() > untilMs) left = true;
        else reports = await eraseReports(tenant, { writtenBefore });
      }
      for (let inbound = batchRows; !left && inbound === batchRows;) {
        if (performance.now() > untilMs) left = true;
        else erased += inbound = await eraseInbound(idLast, tenant);
      }
      return { erased, ...(left ? { more: true } : {}) };
    },

    async purge(beforeMs) {
      let erased = await eraseInbound(idAt(beforeMs));
      await database.$executeRawUnsafe(oldQualityStatement);
      const older = { after: idFirst, before: idAt(beforeMs), unendedBefore: idAt(beforeMs - unendedMs) };
      for (const { tenant } of await database.$queryRawUnsafe<{ tenant: string }[]>(tenantsStatement)) {
        erased += (await eraseMessages({ tenant, ...older })).erased;
        erased += await eraseReports(tenant, { doneBefore: new Date(beforeMs) });
        await database.tally.deleteMany({ where: { tenant, hour: { lt: new Date(beforeMs) }, messages: { lte: 0 } } });
      }
      return erased;
    },
  };
}

/**
 * In the order of ids, as messages are written: nobody waits in a circle. What has ended stays so, so the state is that of the tally. It is
 * noted from when on nothing is missing, for those who add up.
 */
const eraseStatement = `
  WITH doomed AS MATERIALIZED (
    SELECT tenant, id FROM message_log.message
    WHERE tenant = $1 AND id > $2::uuid AND id < $3::uuid AND (state_rank >= ${rankOf('no_report')} OR id < $4::uuid)
    ORDER BY id LIMIT $5 FOR UPDATE
  ), erased AS (
    DELETE FROM message_log.message AS message USING doomed
    WHERE message.tenant = doomed.tenant AND message.id = doomed.id
    RETURNING message.tenant, message.id, message.accepted_at, message.state
  ), tallied AS (${tallyChanges('SELECT tenant, id, accepted_at, state, -1 AS change FROM erased WHERE accepted_at IS NOT NULL')}
  ), noted AS (
    INSERT INTO message_log.erased AS noted (tenant, up_to)
    SELECT tenant, max(accepted_at) FROM erased WHERE accepted_at IS NOT NULL GROUP BY tenant
    ON CONFLICT (tenant) DO UPDATE SET up_to = greatest(noted.up_to, excluded.up_to)
  )
  SELECT count(*)::integer AS erased, max(id::text) AS last FROM erased`;

/** Of the oldest only: those that were written first were done first, but for seconds. */
const eraseReportsStatement = `
  DELETE FROM message_log.report AS report
  USING (SELECT written_in, n, done_at FROM message_log.report WHERE tenant = $1 ORDER BY written_in, n LIMIT $4) AS oldest
  WHERE report.tenant = $1 AND report.written_in = oldest.written_in AND report.n = oldest.n
    AND oldest.done_at < $2 AND oldest.written_in < $3::bigint`;

const eraseInboundStatement = `
  DELETE FROM message_log.inbound WHERE id IN (
    SELECT id FROM message_log.inbound WHERE id < $1::uuid AND ($2::text IS NULL OR tenant = $2::text) ORDER BY id LIMIT $3 FOR UPDATE)`;

/** One index step each, whatever they have. */
const tenantsStatement = `
  ${['message', 'report']
    .map(
      (table) => `(WITH RECURSIVE tenants AS (
        (SELECT tenant FROM message_log.${table} ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT tenant FROM message_log.${table} WHERE tenant > tenants.tenant ORDER BY tenant LIMIT 1)
        FROM tenants WHERE tenants.tenant IS NOT NULL
      ) SELECT tenant FROM tenants WHERE tenant IS NOT NULL)`,
    )
    .join(' UNION ')}`;
