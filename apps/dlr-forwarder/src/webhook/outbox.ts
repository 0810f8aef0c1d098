import { withoutDashes, type WebhookNews } from '@heliograph/message';
import { storable, type Database } from '../database.ts';

/** A report, a notice or an inbound message to be posted. */
export interface NewWebhook {
  /** The webhook-id: the same at every try. */
  readonly id: string;
  /** Of a notice or an inbound message its own id. */
  readonly messageId: string;
  readonly tenant: string;
  readonly state: WebhookNews;
  readonly url: string;
  readonly endpoint: string;
  readonly body: string;
}

/** One taken for a try, this process's until `leaseUntil`. */
export interface ClaimedWebhook extends NewWebhook {
  /** Tries before this one. */
  readonly attempts: number;
  /** Of those, the tries made before it was last asked to be posted again: the schedule begins anew after them. */
  readonly replayedAfter: number;
  readonly leaseUntil: Date;
  /** The one that tries whether the endpoint is well again: how many before it have failed. */
  readonly probe: number | undefined;
}

/** One try as it was made. */
export interface Attempt {
  readonly atMs: number;
  readonly latencyMs: number;
  readonly status: number | undefined;
  readonly error: string;
  readonly bodySha256: string;
}

/** What a try led to. Without `nextAtMs` it is done with; without `attempt` none was made, and none is counted. */
export interface TriedWebhook {
  readonly webhook: ClaimedWebhook;
  readonly attempt: Attempt | undefined;
  readonly nextAtMs: number | undefined;
  readonly result: 'pending' | 'delivered' | 'exhausted' | 'gone' | 'disabled';
}

export interface Claim {
  readonly nowMs: number;
  readonly leaseMs: number;
  /** Rows to take of an endpoint at most, unless `room` says otherwise. */
  readonly perEndpoint: number;
  readonly room: ReadonlyMap<string, number>;
}

export interface GoneEndpoint {
  readonly tenant: string;
  readonly url: string;
  readonly webhookVersion: string;
}

/** Webhooks between being owed and being posted, in Postgres: a process that dies loses none. One statement for many. Times are Postgres's (`SharedClock`). */
export interface WebhookOutbox {
  /** A message's state, a notice or an inbound message is posted once, however often it is put. */
  put(webhooks: readonly NewWebhook[], nowMs: number): Promise<void>;
  /** What nobody has taken yet is owed at once, so that if it is owed from a time to come, a clock that was ahead said so: from now on it is due. */
  bringForward(nowMs: number): Promise<void>;
  /** Takes what is due, and of an endpoint whose circuit is open one when its probe is. What is not settled when its lease ends is due again. */
  claim(claim: Claim): Promise<ClaimedWebhook[]>;
  /** Records the attempts. Deliveries whose lease another process has taken over are left alone otherwise. */
  settle(tried: readonly TriedWebhook[]): Promise<void>;
  putGone(endpoint: GoneEndpoint): Promise<void>;
  gone(): Promise<GoneEndpoint[]>;
}

interface ClaimedRow {
  id: string;
  message_id: string;
  tenant: string;
  state: WebhookNews;
  url: string;
  endpoint: string;
  body: string;
  attempt: number;
  replayed_after: number;
  next_at: Date;
  probe: number | null;
}

/** What two processes know of Postgres's clock differs by less, as a rule: by half of the way of a look. */
const clocksApartMsMax = 1_000;

/** Rows one claim takes of all endpoints together. */
const claimMax = 2_000;

export function createWebhookOutbox(database: Database): WebhookOutbox {
  return {
    async put(webhooks, nowMs) {
      if (webhooks.length === 0) return;
      await database.$executeRaw`
        INSERT INTO dlr.webhook_delivery (id, message_id, tenant, state, url, endpoint, body, next_at, owed_since)
        SELECT id::uuid, message_id::uuid, tenant, state, url, endpoint, body, ${new Date(nowMs)}, ${new Date(nowMs)}
        FROM unnest(
          ${webhooks.map(({ id }) => id)}::text[],
          ${webhooks.map(({ messageId }) => messageId)}::text[],
          ${webhooks.map(({ tenant }) => storable(tenant))}::text[],
          ${webhooks.map(({ state }) => state)}::text[],
          ${webhooks.map(({ url }) => storable(url))}::text[],
          ${webhooks.map(({ endpoint }) => storable(endpoint))}::text[],
          ${webhooks.map(({ body }) => body)}::text[]
        ) AS due(id, message_id, tenant, state, url, endpoint, body)
        ON CONFLICT (message_id, state) DO NOTHING`;
    },

    // in the order in which they are owed, the last one now. Whoever takes or settles one gives it another next_at
    async bringForward(nowMs) {
      const now = new Date(nowMs);
      const later = new Date(nowMs + clocksApartMsMax);
      await database.$executeRaw`
        UPDATE dlr.webhook_delivery AS webhook SET
          next_at = ${now}::timestamptz - (ahead.last - webhook.owed_since),
          owed_since = ${now}::timestamptz - (ahead.last - webhook.owed_since)
        FROM (SELECT max(owed_since) AS last FROM dlr.webhook_delivery WHERE owed_since > ${later} AND next_at = owed_since) AS ahead
        WHERE webhook.owed_since > ${later} AND webhook.next_at = webhook.owed_since`;
    },

    // the endpoints first (one index step each), then as many of each as there is room for: one with a million rows hides no other.
    // Of several processes one gets the probe: the others wait for the row of the endpoint and then find its probe made
    async claim({ nowMs, leaseMs, perEndpoint, room }) {
      const now = new Date(nowMs);
      const leaseUntil = new Date(nowMs + leaseMs);
      const rows = await database.$queryRaw<ClaimedRow[]>`
        WITH RECURSIVE owed AS (
          (SELECT endpoint FROM dlr.webhook_delivery WHERE next_at IS NOT NULL ORDER BY endpoint LIMIT 1)
          UNION ALL
          SELECT (SELECT endpoint FROM dlr.webhook_delivery WHERE next_at IS NOT NULL AND endpoint > owed.endpoint ORDER BY endpoint LIMIT 1)
          FROM owed WHERE owed.endpoint IS NOT NULL
        ), probing AS (
          UPDATE dlr.webhook_endpoint AS one SET circuit = 'half-open', probe_at = ${leaseUntil}
          WHERE probe_at <= ${now} AND (paused_until IS NULL OR paused_until <= ${now})
            AND EXISTS (SELECT 1 FROM dlr.webhook_delivery AS due WHERE due.endpoint = one.endpoint AND due.next_at <= ${now})
          RETURNING endpoint, probes
        ), due AS MATERIALIZED (
          SELECT taken.id, probing.probes
          FROM owed
          LEFT JOIN unnest(${[...room.keys()]}::text[], ${[...room.values()]}::int[]) AS known(endpoint, room) ON known.endpoint = owed.endpoint
          LEFT JOIN dlr.webhook_endpoint AS troubled ON troubled.endpoint = owed.endpoint
          LEFT JOIN probing ON probing.endpoint = owed.endpoint
          CROSS JOIN LATERAL (
            SELECT id FROM dlr.webhook_delivery
            WHERE endpoint = owed.endpoint AND next_at <= ${now}
            ORDER BY next_at
            LIMIT CASE
              WHEN probing.endpoint IS NOT NULL THEN 1
              WHEN troubled.circuit <> 'closed' OR troubled.paused_until > ${now} THEN 0
              ELSE coalesce(known.room, ${perEndpoint}::int) END
            FOR UPDATE SKIP LOCKED
          ) AS taken
          WHERE owed.endpoint IS NOT NULL
          LIMIT ${claimMax}
        )
        UPDATE dlr.webhook_delivery AS webhook SET next_at = ${leaseUntil}
        FROM due WHERE webhook.id = due.id
        RETURNING webhook.id, webhook.message_id, webhook.tenant, webhook.state, webhook.url, webhook.endpoint, webhook.body, webhook.attempt,
          webhook.replayed_after, webhook.next_at, due.probes AS probe`;
      return rows.map(claimedOf);
    },

    async settle(tried) {
      if (tried.length === 0) return;
      // the lease is the fence: a row that was taken over has another. An attempt was made, whoever has the row now
      await database.$executeRaw`
        WITH tried AS MATERIALIZED (
          SELECT id::uuid, lease_ms, before, nullif(next_at_ms, -1) AS next_at_ms, result, nullif(at_ms, -1) AS at_ms, latency_ms,
            nullif(status, -1) AS status, error, body_sha256
          FROM unnest(
            ${tried.map(({ webhook }) => webhook.id)}::text[],
            ${tried.map(({ webhook }) => webhook.leaseUntil.getTime())}::float8[],
            ${tried.map(({ webhook }) => webhook.attempts)}::int[],
            ${tried.map(({ nextAtMs }) => nextAtMs ?? -1)}::float8[],
            ${tried.map(({ result }) => result)}::text[],
            ${tried.map(({ attempt }) => attempt?.atMs ?? -1)}::float8[],
            ${tried.map(({ attempt }) => attempt?.latencyMs ?? 0)}::int[],
            ${tried.map(({ attempt }) => attempt?.status ?? -1)}::int[],
            ${tried.map(({ attempt }) => storable((attempt?.error ?? '').slice(0, errorLengthMax)))}::text[],
            ${tried.map(({ attempt }) => attempt?.bodySha256 ?? '')}::text[]
          ) AS given(id, lease_ms, before, next_at_ms, result, at_ms, latency_ms, status, error, body_sha256)
        ), recorded AS (
          INSERT INTO dlr.webhook_attempt (delivery_id, at, attempt, status, error, latency_ms, body_sha256)
          SELECT id, to_timestamp(at_ms / 1000.0), before + 1, status, error, latency_ms, body_sha256 FROM tried WHERE at_ms IS NOT NULL
          ON CONFLICT (delivery_id, at) DO NOTHING
        )
        UPDATE dlr.webhook_delivery AS webhook SET
          next_at = to_timestamp(tried.next_at_ms / 1000.0),
          done_at = CASE WHEN tried.next_at_ms IS NULL THEN now() END,
          result = tried.result,
          attempt = CASE WHEN tried.at_ms IS NULL THEN webhook.attempt ELSE tried.before + 1 END,
          last_status = CASE WHEN tried.at_ms IS NULL THEN webhook.last_status ELSE tried.status END,
          last_error = CASE WHEN tried.at_ms IS NULL THEN webhook.last_error ELSE tried.error END
        FROM tried
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

const errorLengthMax = 200;

function claimedOf(row: ClaimedRow): ClaimedWebhook {
  return {
    id: withoutDashes(row.id),
    messageId: withoutDashes(row.message_id),
    tenant: row.tenant,
    state: row.state,
    url: row.url,
    endpoint: row.endpoint,
    body: row.body,
    attempts: row.attempt,
    replayedAfter: row.replayed_after,
    leaseUntil: row.next_at,
    probe: row.probe ?? undefined,
  };
}
