import {
  isId,
  withoutDashes,
  type WebhookAttempt,
  type WebhookDeliveriesAnswer,
  type WebhookDeliveriesQuestion,
  type WebhookDelivery,
  type WebhookDeliveryState,
  type WebhookNews,
} from '@heliograph/message';
import { Prisma } from '../../generated/client.ts';
import { storable, type Database } from '../database.ts';
import type { TriedWebhook } from './outbox.ts';

/** What has been posted and is to be, to look at and to post again. */
export interface WebhookDeliveries {
  list(question: WebhookDeliveriesQuestion): Promise<WebhookDeliveriesAnswer>;
  /** Where a delivery of the tenant goes. */
  find(tenant: string, id: string): Promise<{ readonly url: string; readonly endpoint: string } | undefined>;
  /** Makes it due now, with the schedule from its beginning; its id stays. One that is being tried just now is tried once more. */
  replay(tenant: string, id: string, nowMs: number): Promise<void>;
}

type Result = TriedWebhook['result'];

const stateOf: Readonly<Record<Result, WebhookDeliveryState>> = {
  pending: 'pending',
  delivered: 'delivered',
  exhausted: 'exhausted',
  gone: 'failed',
  disabled: 'failed',
};

interface DeliveryRow {
  id: string;
  message_id: string;
  state: WebhookNews;
  url: string;
  result: Result;
  created_at: Date;
  next_at: Date | null;
  done_at: Date | null;
}

export function createWebhookDeliveries(database: Database): WebhookDeliveries {
  async function attemptsOf(ids: readonly string[]): Promise<Map<string, WebhookAttempt[]>> {
    const rows = await database.webhookAttempt.findMany({ where: { deliveryId: { in: [...ids] } }, orderBy: { at: 'asc' } });
    const attempts = rows.map(({ deliveryId, attempt, at, status, error, latencyMs, bodySha256 }) => ({
      deliveryId,
      shown: {
        attempt,
        atMs: at.getTime(),
        ...(status === null ? {} : { status }),
        ...(error === '' ? {} : { error }),
        latencyMs,
        ...(bodySha256 === '' ? {} : { bodySha256 }),
      } satisfies WebhookAttempt,
    }));
    return new Map([...Map.groupBy(attempts, ({ deliveryId }) => deliveryId)].map(([id, of]) => [id, of.map(({ shown }) => shown)]));
  }

  return {
    async list({ tenant, state, limit, before }) {
      if (before !== undefined && !isId(before)) return { deliveries: [], more: false };
      // ids are UUIDv7: newest first
      const rows = await database.$queryRaw<DeliveryRow[]>`
        SELECT id, message_id, state, url, result, created_at, next_at, done_at FROM dlr.webhook_delivery
        WHERE tenant = ${storable(tenant)}
          ${before === undefined ? Prisma.empty : Prisma.sql`AND id < ${before}::uuid`}
          ${state === undefined ? Prisma.empty : conditionOf(state)}
        ORDER BY id DESC LIMIT ${limit + 1}`;
      const page = rows.slice(0, limit);
      const attempts = await attemptsOf(page.map(({ id }) => id));
      return { deliveries: page.map((row) => shownOf(row, attempts.get(row.id) ?? [])), more: rows.length > limit };
    },

    async find(tenant, id) {
      if (!isId(id)) return undefined;
      return (
        (await database.webhookDelivery.findFirst({ where: { id, tenant: storable(tenant) }, select: { url: true, endpoint: true } })) ??
        undefined
      );
    },

    async replay(tenant, id, nowMs) {
      const now = new Date(nowMs);
      await database.$executeRaw`
        UPDATE dlr.webhook_delivery SET result = 'pending', next_at = ${now}, done_at = NULL, owed_since = ${now}, replayed_after = attempt
        WHERE id = ${id}::uuid AND tenant = ${storable(tenant)}`;
    },
  };
}

function conditionOf(state: WebhookDeliveryState): Prisma.Sql {
  const results = (Object.keys(stateOf) as Result[]).filter((result) => stateOf[result] === state);
  // one by one where there is one: of several the planner does not know that the index has them in order
  return results.length === 1 ? Prisma.sql`AND result = ${results[0]}` : Prisma.sql`AND result = ANY(${results}::text[])`;
}

function shownOf(row: DeliveryRow, attempts: readonly WebhookAttempt[]): WebhookDelivery {
  return {
    id: withoutDashes(row.id),
    ...(row.state === 'balance.low' ? {} : { messageId: withoutDashes(row.message_id) }),
    reported: row.state,
    url: row.url,
    state: stateOf[row.result],
    createdAtMs: row.created_at.getTime(),
    ...(row.next_at && { nextAtMs: row.next_at.getTime() }),
    ...(row.done_at && { doneAtMs: row.done_at.getTime() }),
    attempts,
  };
}
