import { rankOf, type MessageReturned, type QualityAnswer, type QualityQuestion } from '@heliograph/message';
import type { Log } from '@heliograph/service';
import type { History } from './history.ts';

/**
 * How the messages of each connector ended, by five minutes: the statement that writes messages counts those that come to an end, once each. What
 * was given back, to go on by another route, has not ended and is counted here by its events: about, as these may come twice.
 */
export interface Quality {
  returned(event: MessageReturned): void;
  read(question: QualityQuestion): Promise<QualityAnswer>;
  /** Writes what it has. */
  stop(): Promise<void>;
}

export interface QualityOptions {
  readonly history: Pick<History, 'rows'>;
  readonly log: Pick<Log, 'warn'>;
}

const flushEveryMs = 10_000;

export function createQuality({ history, log }: QualityOptions): Quality {
  let returns = new Map<string, number>();

  async function flush(): Promise<void> {
    if (returns.size === 0) return;
    const counted = returns;
    returns = new Map();
    try {
      // in one order for all, as the other statement has
      const connectors = [...counted.keys()].sort();
      await history.rows(
        returnsStatement,
        connectors,
        connectors.map((connector) => counted.get(connector)),
      );
    } catch (err) {
      log.warn({ err }, 'messages given back not counted, trying again');
      for (const [connector, count] of counted) returns.set(connector, (returns.get(connector) ?? 0) + count);
    }
  }

  const timer = setInterval(() => void flush(), flushEveryMs).unref();
  return {
    returned({ why, tried }) {
      const connector = tried.at(-1);
      // what it never sent says nothing of how it delivers
      if (why === 'unavailable' || connector === undefined) return;
      returns.set(connector, (returns.get(connector) ?? 0) + 1);
    },
    async read({ sinceMs }) {
      await flush();
      const rows = await history.rows<{ connector: string; ended: number; delivered: number }>(readStatement, new Date(sinceMs));
      return { connectors: Object.fromEntries(rows.map(({ connector, ended, delivered }) => [connector, { ended, delivered }])) };
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}

const slot = (time: string): string => `date_bin('5 minutes', ${time}, 'epoch')`;

/** In the order of the key, so that two instances never wait for each other in a circle. */
function counts(select: string): string {
  return `
    INSERT INTO message_log.quality AS quality (slot, connector, ended, delivered) ${select} ORDER BY 1, 2
    ON CONFLICT (slot, connector) DO UPDATE SET ended = quality.ended + excluded.ended, delivered = quality.delivered + excluded.delivered`;
}

const returnsStatement = counts(
  `SELECT ${slot('CURRENT_TIMESTAMP')}, connector, count, 0 FROM unnest($1::text[], $2::bigint[]) AS given (connector, count)`,
);

const readStatement = `
  SELECT connector, sum(ended)::integer AS ended, sum(delivered)::integer AS delivered
  FROM message_log.quality WHERE slot >= ${slot('$1::timestamptz')} GROUP BY connector`;

/** What nobody asks for any more. */
export const oldQualityStatement = `DELETE FROM message_log.quality WHERE slot < CURRENT_TIMESTAMP - interval '1 day'`;

/**
 * Whether a row of a message is an end that says something of its connector: not what a tenant, a handset's owner or an operator wanted so, nor what
 * its time was over for before it went out. What the router ended had been given back, and is counted for that.
 */
function endsWell(row: string): string {
  return `(${row}.state_rank >= ${rankOf('no_report')} AND ${row}.connector <> 'test' AND (${row}.state = 'delivered' OR (
      ${row}.reason NOT IN ('cancelled', 'opted_out', 'connector_removed') AND (${row}.reason <> 'expired' OR ${row}.sent_at IS NOT NULL)
      AND NOT jsonb_path_exists(${row}.hops, '$.*.by ? (@ == "router")'))))`;
}

const delivers = (row: string): string => `(${row}.state = 'delivered' AND ${row}.connector <> 'test')`;
const change = (is: (row: string) => string): string => `coalesce(${is('after')}::integer, 0) - coalesce(${is('before')}::integer, 0)`;

/** What the statement that writes messages returns of each, for `qualityChanges`; rows `before` and `after`. */
export const qualityColumns = `after.connector, after.state_at, ${change(endsWell)} AS ended, ${change(delivers)} AS delivered`;

export function qualityChanges(written: string): string {
  return counts(`
    SELECT ${slot('state_at')}, connector, sum(ended), sum(delivered) FROM ${written}
    WHERE ended <> 0 OR delivered <> 0 GROUP BY 1, 2`);
}
