import { messageStates, statsHourMs, type MessageState, type StatsAnswer, type StatsQuestion } from '@heliograph/message';
import type { Database } from './history.ts';

/** How many messages are in each state, by the hour of their ids: what would otherwise be counted over the whole history. */

export async function readTally(database: Database, { tenant, sinceMs }: StatsQuestion): Promise<StatsAnswer> {
  const since = new Date(Math.floor(sinceMs / statsHourMs) * statsHourMs);
  const sums = await database.tally.groupBy({ by: ['state'], where: { tenant, hour: { gte: since } }, _sum: { messages: true } });
  const byState = new Map(sums.map(({ state, _sum }) => [state, Number(_sum.messages ?? 0)]));
  return { byState: Object.fromEntries(messageStates.map((state) => [state, byState.get(state) ?? 0])) as StatsAnswer['byState'] };
}

/** Unix ms at which the hours begin that have messages in this state. */
export async function hoursWith(database: Database, tenant: string, state: MessageState): Promise<number[]> {
  const hours = await database.tally.findMany({ where: { tenant, state, messages: { gt: 0 } }, select: { hour: true } });
  return hours.map(({ hour }) => hour.getTime());
}

/**
 * The change of the tally by messages that came into a state (`change` 1) or left it (-1), as `messages` says: columns tenant, id, accepted_at,
 * state, change. One order for all, so that two instances never wait for each other in a circle.
 */
export function tallyChanges(messages: string): string {
  return `
    INSERT INTO message_log.tally AS tally (tenant, hour, state, messages)
    SELECT tenant, date_bin('1 hour', coalesce(uuid_extract_timestamp(id), accepted_at), 'epoch') AS hour, state, sum(change)
    FROM (${messages}) AS changed
    GROUP BY 1, 2, 3 HAVING sum(change) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (tenant, hour, state) DO UPDATE SET messages = tally.messages + excluded.messages`;
}
