import { withoutDashes, type FinalState } from '@heliograph/message';
import { storable, type Database } from './database.ts';

/** A report to be posted. */
export interface NewWebhook {
  /** The webhook-id: the same at every try. */
  readonly id: string;
  readonly messageId: string;
  readonly tenant: string;
  readonly state: FinalState;
  readonly url: string;
  readonly host: string;
  readonly body: string;
}

/** One taken for a try, this process's until `leaseUntil`. */
export interface ClaimedWebhook extends NewWebhook {
  /** Tries before this one. */
  readonly attempts: number;
  readonly leaseUntil: Date;
}

/** What a try led to. Without `nextAtMs` it is done with. */
export interface TriedWebhook {
  readonly webhook: ClaimedWebhook;
  readonly attempts: number;
  readonly nextAtMs: number | undefined;
  readonly status: number | undefined;
  readonly error: string;
  readonly result: 'pending' | 'delivered' | 'exhausted' | 'gone' | 'disabled';
}

export interface Claim {
  readonly nowMs: number;
  readonly leaseMs: number;
  /** Rows to take of a host at most, unless `room` says otherwise. */
  readonly perHost: number;
  readonly room: ReadonlyMap<string, number>;
}

export interface GoneEndpoint {
  readonly tenant: string;
  readonly url: string;
  readonly webhookVersion: string;
}

/** Webhooks between being owed and being posted, in Postgres: a process that dies loses none. One statement for many. */
export interface WebhookOutbox {
  /** A message's state is posted once, however often it is put. */
  put(webhooks: readonly NewWebhook[], nowMs: number): Promise<void>;
  /** Takes what is due. What is not settled when its lease ends is due again. */
  claim(claim: Claim): Promise<ClaimedWebhook[]>;
  /** Those whose lease another process has taken over are left alone. */
  settle(tried: readonly TriedWebhook[]): Promise<void>;
  putGone(endpoint: GoneEndpoint): Promise<void>;
  gone(): Promise<GoneEndpoint[]>;
}

interface ClaimedRow {
  id: string;
  message_id: string;
  tenant: string;
  state: FinalState;
  url: string;
  host: string;
  body: string;
  attempt: number;
  next_at: Date;
}

/** Rows one claim takes of all hosts together. */
const claimMax = 2_000;

export function createWebhookOutbox(database: Database): WebhookOutbox {
  return {
    async put(webhooks, nowMs) {
      if (webhooks.length === 0) return;
      await database.$executeRaw`
        INSERT INTO dlr.webhook_delivery (id, message_id, tenant, state, url, host, body, next_at)
        SELECT id::uuid, message_id::uuid, tenant, state, url, host, body, ${new Date(nowMs)}
        FROM unnest(
          ${webhooks.map(({ id }) => id)}::text[],
          ${webhooks.map(({ messageId }) => messageId)}::text[],
          ${webhooks.map(({ tenant }) => storable(tenant))}::text[],
          ${webhooks.map(({ state }) => state)}::text[],
          ${webhooks.map(({ url }) => storable(url))}::text[],
          ${webhooks.map(({ host }) => host)}::text[],
          ${webhooks.map(({ body }) => body)}::text[]
        ) AS due(id, message_id, tenant, state, url, host, body)
        ON CONFLICT (message_id, state) DO NOTHING`;
    },

    // the hosts first (one index step each), then as many of each as there is room for: a host with a million rows hides no other
    async claim({ nowMs, leaseMs, perHost, room }) {
      const now = new Date(nowMs);
      const rows = await database.$queryRaw<ClaimedRow[]>`
        WITH RECURSIVE host AS (
          (SELECT host AS name FROM dlr.webhook_delivery WHERE next_at IS NOT NULL ORDER BY host LIMIT 1)
          UNION ALL
          SELECT (SELECT host FROM dlr.webhook_delivery WHERE next_at IS NOT NULL AND host > host.name ORDER BY host LIMIT 1)
          FROM host WHERE host.name IS NOT NULL
        ), due AS MATERIALIZED (
          SELECT taken.id
          FROM host
          LEFT JOIN unnest(${[...room.keys()]}::text[], ${[...room.values()]}::int[]) AS known(name, room) ON known.name = host.name
          CROSS JOIN LATERAL (
            SELECT id FROM dlr.webhook_delivery
            WHERE host = host.name AND next_at <= ${now}
            ORDER BY next_at LIMIT coalesce(known.room, ${perHost}::int) FOR UPDATE SKIP LOCKED
          ) AS taken
          WHERE host.name IS NOT NULL
          LIMIT ${claimMax}
        )
        UPDATE dlr.webhook_delivery AS webhook SET next_at = ${new Date(nowMs + leaseMs)}
        FROM due WHERE webhook.id = due.id
        RETURNING webhook.id, webhook.message_id, webhook.tenant, webhook.state, webhook.url, webhook.host, webhook.body, webhook.attempt, webhook.next_at`;
      return rows.map(claimedOf);
    },

    async settle(tried) {
      if (tried.length === 0) return;
      // the lease is the fence: a row that was taken over has another
      await database.$executeRaw`
        UPDATE dlr.webhook_delivery AS webhook SET
          attempt = tried.attempts,
          next_at = to_timestamp(tried.next_at_ms / 1000.0),
          done_at = CASE WHEN tried.next_at_ms IS NULL THEN now() END,
          last_status = tried.status,
          last_error = tried.error,
          result = tried.result
        FROM (
          SELECT id::uuid, lease_ms, attempts, nullif(next_at_ms, -1) AS next_at_ms, nullif(status, -1) AS status, error, result
          FROM unnest(
            ${tried.map(({ webhook }) => webhook.id)}::text[],
            ${tried.map(({ webhook }) => webhook.leaseUntil.getTime())}::float8[],
            ${tried.map(({ attempts }) => attempts)}::int[],
            ${tried.map(({ nextAtMs }) => nextAtMs ?? -1)}::float8[],
            ${tried.map(({ status }) => status ?? -1)}::int[],
            ${tried.map(({ error }) => storable(error).slice(0, 200))}::text[],
            ${tried.map(({ result }) => result)}::text[]
          ) AS given(id, lease_ms, attempts, next_at_ms, status, error, result)
        ) AS tried
        WHERE webhook.id = tried.id AND webhook.next_at = to_timestamp(tried.lease_ms / 1000.0)::timestamptz(3)`;
    },

    async putGone({ tenant, url, webhookVersion }) {
      await database.goneEndpoint.upsert({
        where: { tenant_url: { tenant, url } },
        create: { tenant, url, webhookVersion },
        update: { webhookVersion, goneAt: new Date() },
      });
    },

    gone: () => database.goneEndpoint.findMany({ select: { tenant: true, url: true, webhookVersion: true } }),
  };
}

function claimedOf(row: ClaimedRow): ClaimedWebhook {
  return {
    id: withoutDashes(row.id),
    messageId: withoutDashes(row.message_id),
    tenant: row.tenant,
    state: row.state,
    url: row.url,
    host: row.host,
    body: row.body,
    attempts: row.attempt,
    leaseUntil: row.next_at,
  };
}
