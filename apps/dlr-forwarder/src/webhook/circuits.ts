import type { WebhookEndpointAnswer } from '@heliograph/message';
import { storable, type Database } from '../database.ts';

/** News of an endpoint that concerns every process. Times are unix ms, by Postgres's clock. */
export type CircuitNews =
  | { readonly kind: 'opened'; readonly atMs: number; readonly probeAtMs: number; readonly error: string }
  | { readonly kind: 'probe_failed'; readonly probeAtMs: number; readonly error: string }
  /** The probe was taken and not made. */
  | { readonly kind: 'probe_left'; readonly probeAtMs: number }
  | { readonly kind: 'recovered'; readonly atMs: number }
  | { readonly kind: 'paused'; readonly untilMs: number };

/** The circuits of all endpoints, in Postgres: what one process finds out holds for all, and after a restart. */
export interface WebhookCircuits {
  tell(endpoint: string, news: CircuitNews): Promise<void>;
  /** Lets it be tried at once: somebody says that it is mended. */
  retryNow(endpoint: string, nowMs: number): Promise<void>;
  of(endpoint: string, nowMs: number): Promise<Omit<WebhookEndpointAnswer, 'gone'>>;
}

export function createWebhookCircuits(database: Database): WebhookCircuits {
  return {
    async tell(given, news) {
      const endpoint = storable(given);
      switch (news.kind) {
        case 'opened': {
          const [since, probeAt, lastError] = [new Date(news.atMs), new Date(news.probeAtMs), textOf(news.error)];
          // another process may have opened it, and have a probe under way
          await database.$executeRaw`
            INSERT INTO dlr.webhook_endpoint (endpoint, circuit, since, probe_at, last_error)
            VALUES (${endpoint}, 'open', ${since}, ${probeAt}, ${lastError})
            ON CONFLICT (endpoint) DO UPDATE SET circuit = 'open', since = ${since}, probes = 0, probe_at = ${probeAt}, last_error = ${lastError}
            WHERE webhook_endpoint.circuit = 'closed'`;
          return;
        }
        case 'probe_failed':
          await database.webhookEndpoint.updateMany({
            where: { endpoint, circuit: 'half-open' },
            data: { circuit: 'open', probes: { increment: 1 }, probeAt: new Date(news.probeAtMs), lastError: textOf(news.error) },
          });
          return;
        case 'probe_left':
          await database.webhookEndpoint.updateMany({
            where: { endpoint, circuit: 'half-open' },
            data: { circuit: 'open', probeAt: new Date(news.probeAtMs) },
          });
          return;
        case 'recovered':
          await database.webhookEndpoint.updateMany({
            where: { endpoint, circuit: { not: 'closed' } },
            data: { circuit: 'closed', since: new Date(news.atMs), probes: 0, probeAt: null },
          });
          return;
        case 'paused': {
          const until = new Date(news.untilMs);
          await database.$executeRaw`
            INSERT INTO dlr.webhook_endpoint (endpoint, paused_until) VALUES (${endpoint}, ${until})
            ON CONFLICT (endpoint) DO UPDATE SET paused_until = greatest(webhook_endpoint.paused_until, ${until})`;
        }
      }
    },

    async retryNow(endpoint, nowMs) {
      await database.$executeRaw`
        UPDATE dlr.webhook_endpoint SET paused_until = NULL, probe_at = CASE WHEN circuit = 'open' THEN ${new Date(nowMs)} ELSE probe_at END
        WHERE endpoint = ${storable(endpoint)}`;
    },

    async of(endpoint, nowMs) {
      const row = await database.webhookEndpoint.findUnique({ where: { endpoint: storable(endpoint) } });
      if (!row) return { circuit: 'closed' };
      const { circuit, since, lastError, pausedUntil } = row;
      return {
        circuit: circuit as WebhookEndpointAnswer['circuit'],
        ...(since && { sinceMs: since.getTime() }),
        ...(lastError !== '' && { lastError }),
        ...(pausedUntil && pausedUntil.getTime() > nowMs && { pausedUntilMs: pausedUntil.getTime() }),
      };
    },
  };
}

function textOf(error: string): string {
  return storable(error.slice(0, 200));
}
