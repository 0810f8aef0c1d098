import type { StatementAnswer, StatementLine, StatementQuestion } from '@heliograph/message';
import type { BillingDatabase } from './database.ts';

/** What days did to what a tenant can spend. Opening, plus all lines of all parts, is what it was when the last day ended, to the micro-credit. */
export interface Statements {
  read(question: StatementQuestion): Promise<StatementAnswer>;
}

/** A note and a key are up to 1,200 characters: two hundred of them, the longest there are, fit a NATS message of 1 MB. */
const defaultLinesMax = 200;

/** Of a line: its day, its place among the kinds of that day, and the id of its entry. */
const cursorForm = /^(\d{4}-\d{2}-\d{2})\.([012])\.(\d{1,18})$/;

export function isStatementCursor(text: string): boolean {
  return cursorForm.test(text) && !Number.isNaN(Date.parse(text.slice(0, 10)));
}

interface Row {
  day: string;
  /** 0: an entry of its own; 1: the charges of the day; 2: its refunds. */
  place: number;
  id: bigint;
  kind: StatementLine['kind'];
  amount: bigint;
  at: Date | null;
  key: string | null;
  note: string | null;
}

/** One statement of SQL for each part, so each is of one moment; a day that still lasts may have grown by the next. */
export function createStatements(database: BillingDatabase, linesMax = defaultLinesMax): Statements {
  return {
    async read({ tenant, fromDay, untilDay, after }) {
      const [opening] = await database.$queryRaw<[{ amount: bigint }]>`
        SELECT coalesce(sum(topped_up + adjusted - charged + refunded), 0)::bigint AS amount
          FROM billing.day WHERE tenant = ${tenant} AND day < ${fromDay}::date`;
      const [, day = '0001-01-01', place = '0', id = '0'] = cursorForm.exec(after ?? '') ?? [];
      const rows = await database.$queryRaw<Row[]>`
        SELECT to_char(day, 'YYYY-MM-DD') AS day, place, id, kind, amount, at, key, note FROM (
          SELECT (at AT TIME ZONE 'UTC')::date AS day, 0 AS place, id, kind,
                 CASE credit WHEN 'funding' THEN -micro_credits ELSE micro_credits END AS amount, at, key, note
            FROM billing.entry
           WHERE tenant = ${tenant} AND kind IN ('top_up', 'adjustment')
             AND (at AT TIME ZONE 'UTC')::date >= greatest(${fromDay}::date, ${day}::date) AND (at AT TIME ZONE 'UTC')::date < ${untilDay}::date
          UNION ALL
          SELECT day, sums.place, 0, sums.kind, sums.amount, NULL, NULL, NULL
            FROM billing.day CROSS JOIN LATERAL (VALUES (1, 'charge', -charged), (2, 'refund', refunded)) AS sums(place, kind, amount)
           WHERE tenant = ${tenant} AND day >= greatest(${fromDay}::date, ${day}::date) AND day < ${untilDay}::date AND sums.amount <> 0
        ) AS line
         WHERE (day, place, id) > (${day}::date, ${Number(place)}::int, ${BigInt(id)}::bigint)
         ORDER BY day, place, id LIMIT ${linesMax + 1}`;
      const lines = rows.slice(0, linesMax);
      const last = lines.at(-1);
      return {
        openingMicroCredits: String(opening.amount),
        lines: lines.map(lineOf),
        ...(last && rows.length > linesMax ? { next: `${last.day}.${last.place}.${last.id}` } : {}),
      };
    },
  };
}

function lineOf({ day, kind, amount, at, key, note }: Row): StatementLine {
  return {
    day,
    kind,
    microCredits: String(amount),
    ...(at ? { atMs: at.getTime() } : {}),
    ...(key === null ? {} : { key }),
    ...(note === null ? {} : { note }),
  };
}
