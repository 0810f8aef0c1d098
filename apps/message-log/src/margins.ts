import { marginGroupsMax, type MarginGroup, type MarginsAnswer, type MarginsQuestion } from '@heliograph/message';
import type { History } from './history.ts';
import { idsBefore, lowestIdSince } from './search.ts';

/** What messages were sold and bought for, added up over the messages themselves: those of each tenant by their ids, which is by time. */
export async function readMargins(
  history: Pick<History, 'rows'>,
  { sinceMs, untilMs, by, digits }: MarginsQuestion,
): Promise<MarginsAnswer> {
  const rows = await history.rows<MarginRow>(
    statementBy(by),
    lowestIdSince(sinceMs),
    idsBefore(untilMs),
    new Date(sinceMs),
    new Date(untilMs),
    marginGroupsMax + 1,
    ...(by === 'prefix' ? [digits] : []),
  );
  return { groups: rows.slice(0, marginGroupsMax).map(groupOf), more: rows.length > marginGroupsMax };
}

interface MarginRow {
  readonly key: string;
  readonly messages: bigint;
  readonly segments: bigint;
  readonly charged: string;
  readonly cost: string;
  readonly costed: string;
  readonly uncosted: bigint;
}

function groupOf({ key, messages, segments, charged, cost, costed, uncosted }: MarginRow): MarginGroup {
  return {
    key,
    messages: Number(messages),
    segments: Number(segments),
    chargedMicroCredits: charged,
    costMicroCredits: cost,
    chargedOfCostedMicroCredits: costed,
    withoutCost: Number(uncosted),
  };
}

const keys: Readonly<Record<MarginsQuestion['by'], string>> = {
  tenant: 'message.tenant',
  connector: `coalesce(message.connector, '')`,
  // without the plus sign
  prefix: 'substr(message.to_addr, 2, $6::integer)',
};

/** The tally knows the tenants. Test messages cost nothing and are none of a provider's. */
function statementBy(by: MarginsQuestion['by']): string {
  return `
    SELECT ${keys[by]} AS key, count(*) AS messages, coalesce(sum(message.segments), 0) AS segments,
           coalesce(sum(message.micro_credits), 0)::text AS charged, coalesce(sum(message.buy_micro_credits), 0)::text AS cost,
           coalesce(sum(message.micro_credits) FILTER (WHERE message.buy_micro_credits IS NOT NULL), 0)::text AS costed,
           count(*) FILTER (WHERE message.buy_micro_credits IS NULL) AS uncosted
    FROM (SELECT DISTINCT tenant FROM message_log.tally) AS tenants
    CROSS JOIN LATERAL (
      SELECT * FROM message_log.message
      WHERE tenant = tenants.tenant AND id >= $1::uuid AND id < $2::uuid AND accepted_at >= $3 AND accepted_at < $4 AND connector IS DISTINCT FROM 'test'
    ) AS message
    GROUP BY 1 ORDER BY 1 LIMIT $5`;
}
