import {
  historyLeasesMax,
  historyReportedMax,
  historyTenantsMax,
  isId,
  messageStates,
  isFinal,
  statsHourMs,
  withoutDashes,
  type ChargedAnswer,
  type ChargedQuestion,
  type FinalState,
  type RefundableAnswer,
  type RefundableQuestion,
  type ReportedAnswer,
  type ReportedQuestion,
  type UnendedAnswer,
  type UnendedQuestion,
} from '@heliograph/message';
import type { History } from './history.ts';
import { idAt } from './search.ts';

/** What the ledger's reconciler asks: sums over the messages themselves, so that a row that is lost or wrong shows. */
export interface Reconciling {
  charged(question: ChargedQuestion): Promise<ChargedAnswer>;
  refundable(question: RefundableQuestion): Promise<RefundableAnswer>;
  reported(question: ReportedQuestion): Promise<ReportedAnswer>;
  unended(question: UnendedQuestion): Promise<UnendedAnswer>;
}

export interface ReconcilingOptions {
  readonly history: Pick<History, 'rows'>;
  /** Whether all that reached the stream until now is written, by whichever instance; waits for it. */
  readonly caughtUp: (stream: 'SUBMITTED' | 'REPORTED', withinMs: number) => Promise<boolean>;
}

/** Less than the asker's patience, with time for the sums. */
const caughtUpWithinMs = 4_000;
const unendedStates = messageStates.filter((state) => !isFinal(state));
const idFirst = '0'.repeat(32);

export function createReconciling({ history, caughtUp }: ReconcilingOptions): Reconciling {
  return {
    async charged({ leases }) {
      const asked = leases.slice(0, historyLeasesMax);
      const complete = (await caughtUp('SUBMITTED', caughtUpWithinMs)) && asked.length === leases.length;
      const rows = await history.rows<SumRow & { lease: string }>(
        chargedStatement,
        asked.map(({ tenant }) => tenant),
        asked.map(({ lease }) => lease),
      );
      return { complete, leases: rows.map((row) => ({ lease: row.lease, ...sumOf(row) })) };
    },

    async refundable({ fromMs, untilMs, tenants }) {
      const asked = tenants.slice(0, historyTenantsMax);
      const caught = await Promise.all((['SUBMITTED', 'REPORTED'] as const).map((stream) => caughtUp(stream, caughtUpWithinMs)));
      const rows = await history.rows<SumRow>(refundableStatement, JSON.stringify(asked), idAt(fromMs), idAt(untilMs), hourOf(fromMs));
      return { complete: caught.every(Boolean) && asked.length === tenants.length, tenants: rows.map(sumOf) };
    },

    async reported({ tenant, fromMs, untilMs, states, after = idFirst }) {
      if (!isId(after)) throw new Error('not an id');
      const rows = await history.rows<ReportedRow>(
        reportedStatement,
        tenant,
        idAt(fromMs),
        idAt(untilMs),
        [...states],
        after,
        historyReportedMax + 1,
        states.includes('no_report'),
      );
      // of its own moment, so after the rows: what was erased before them is known
      const [erased] = await history.rows<Pick<SumRow, 'erased_up_to'>>(erasedStatement, tenant);
      const shown = rows.slice(0, historyReportedMax);
      const last = shown.at(-1);
      return {
        messages: shown.map(({ id, micro_credits, reports }) => ({
          id: withoutDashes(id),
          microCredits: String(micro_credits),
          reports: reports.map(({ state, atMs }) => ({ state, atMs: Number(atMs) })),
        })),
        erasedUpToMs: msOf(erased),
        ...(rows.length > historyReportedMax && last ? { next: withoutDashes(last.id) } : {}),
      };
    },

    async unended({ validBeforeMs }) {
      const rows = await history.rows<{ tenant: string; messages: number; samples: string[] }>(
        unendedStatement,
        new Date(validBeforeMs),
        unendedStates,
      );
      return { tenants: rows.map(({ samples, ...row }) => ({ ...row, samples: samples.map(withoutDashes) })) };
    },
  };
}

interface SumRow {
  readonly tenant: string;
  readonly messages: number;
  readonly amount: bigint;
  readonly erased_up_to: Date | null;
}

interface ReportedRow {
  readonly id: string;
  readonly micro_credits: bigint;
  readonly reports: readonly { readonly state: FinalState; readonly atMs: string }[];
}

function sumOf({ tenant, messages, amount, erased_up_to }: SumRow) {
  return { tenant, messages, microCredits: String(amount), erasedUpToMs: msOf({ erased_up_to }) };
}

function msOf(row: Pick<SumRow, 'erased_up_to'> | undefined): number {
  return row?.erased_up_to?.getTime() ?? 0;
}

function hourOf(ms: number): Date {
  return new Date(ms - (ms % statsHourMs));
}

/** In the statement of the sum: what is erased meanwhile is in both or in neither. */
const erasedUpTo = (tenant: string) => `(SELECT max(up_to) FROM message_log.erased AS gone WHERE gone.tenant IN (${tenant}, ''))`;

const chargedStatement = `
  SELECT asked.tenant, asked.lease, count(message.id)::integer AS messages, coalesce(sum(message.micro_credits), 0)::bigint AS amount,
         ${erasedUpTo('asked.tenant')} AS erased_up_to
  FROM unnest($1::text[], $2::text[]) AS asked (tenant, lease)
  LEFT JOIN message_log.message AS message
    ON message.lease = asked.lease AND message.lease <> '' AND message.tenant = asked.tenant AND message.accepted_at IS NOT NULL
  GROUP BY asked.tenant, asked.lease`;

/** The tally says at one index step which tenants have none, so that the messages of the hour are read of the others alone. */
const refundableStatement = `
  SELECT asked.tenant, ended.messages, ended.amount, ${erasedUpTo('asked.tenant')} AS erased_up_to
  FROM jsonb_to_recordset($1::jsonb) AS asked (tenant text, states text[])
  CROSS JOIN LATERAL (
    SELECT count(*)::integer AS messages, coalesce(sum(micro_credits), 0)::bigint AS amount
    FROM message_log.message AS message
    WHERE message.tenant = asked.tenant AND id >= $2::uuid AND id < $3::uuid AND accepted_at IS NOT NULL AND micro_credits > 0 AND state = ANY(asked.states)
      AND EXISTS (SELECT FROM message_log.tally AS tally
                  WHERE tally.tenant = asked.tenant AND tally.hour = $4 AND tally.state = ANY(asked.states) AND tally.messages > 0)
  ) AS ended`;

/** What was reported stands in the hops: the state has only the last, which is another one where a late receipt lifted no_report. */
const reportedStatement = `
  SELECT id::text, micro_credits, reports
  FROM message_log.message
  CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('state', value ->> 'state', 'atMs', split_part(key, ' ', 1))) AS reports
    FROM jsonb_each(hops) WHERE split_part(key, ' ', 2) = 'message.reported'
  ) AS reported
  WHERE tenant = $1 AND id >= $2::uuid AND id < $3::uuid AND id > $5::uuid AND accepted_at IS NOT NULL AND micro_credits > 0
    AND (state = ANY($4::text[]) OR ($7 AND reported_rank > 0))
    AND EXISTS (SELECT FROM jsonb_array_elements(reports) AS report WHERE report ->> 'state' = ANY($4::text[]))
  ORDER BY id LIMIT $6`;

const erasedStatement = `SELECT ${erasedUpTo('$1')} AS erased_up_to`;

/** The tally says which hours have some; those that are so old are few. Five samples of each tenant. */
const unendedStatement = `
  SELECT hours.tenant, count(*)::integer AS messages, (array_agg(message.id::text ORDER BY message.id))[1:5] AS samples
  FROM (SELECT DISTINCT tenant, hour FROM message_log.tally WHERE state = ANY($2::text[]) AND messages > 0 AND hour < $1) AS hours
  CROSS JOIN LATERAL (
    SELECT id FROM message_log.message
    WHERE tenant = hours.tenant AND id >= ${idOf('hours.hour')} AND id < ${idOf("hours.hour + interval '1 hour'")}
      AND accepted_at IS NOT NULL AND state = ANY($2::text[]) AND coalesce(valid_until, accepted_at) < $1
  ) AS message
  GROUP BY hours.tenant`;

/** The lowest id of that time, as `idAt`. */
function idOf(time: string): string {
  return `rpad(lpad(to_hex((extract(epoch FROM ${time}) * 1000)::bigint), 12, '0'), 32, '0')::uuid`;
}
