import { connectorHealth, connectorHealthTtlMs, routeFactsSubject, type ConnectorHealth, type RouteFactsAnswer } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { askTimeoutMs } from '../../http/ask.ts';

/** How connectors do, as those who run them tell everybody. */
export interface Healths {
  /** The last word of each process that runs it now; none: nobody does. */
  of(connector: string): readonly ConnectorHealth[];
  /** What waits in queues of their own, by class and tenant, records. Undefined: nats-server does not answer. */
  setAside(connector: string): Promise<readonly SetAside[] | undefined>;
  /** 0..1: the delivered share of what ended in the last hour; undefined: too few to say, or nobody says. */
  quality(connector: string): Promise<number | undefined>;
}

export interface SetAside {
  readonly class: string;
  readonly tenant: string;
  readonly records: number;
}

export interface HealthsOptions {
  readonly queue: Pick<Queue, 'listen' | 'ask' | 'recordsBySubject'>;
  readonly now?: () => number;
}

export function createHealths({ queue, now = Date.now }: HealthsOptions): Healths {
  /** By process, by connector. `atMs` by our clock. */
  const heard = new Map<string, Map<string, { readonly health: ConnectorHealth; readonly atMs: number }>>();

  queue.listen<ConnectorHealth>(connectorHealth, (health) => {
    const of = heard.get(health.connector) ?? new Map();
    heard.set(health.connector, of);
    for (const [instance, { atMs }] of of) if (isOld(atMs)) of.delete(instance);
    of.set(health.instance, { health, atMs: now() });
  });

  function isOld(atMs: number): boolean {
    return now() - atMs > connectorHealthTtlMs;
  }

  return {
    of: (connector) => [...(heard.get(connector)?.values() ?? [])].flatMap(({ health, atMs }) => (isOld(atMs) ? [] : [health])),
    async setAside(connector) {
      try {
        const records = await queue.recordsBySubject('BACKLOG', `message.backlogged.${connector}.>`);
        return Object.entries(records).map(([subject, count]) => {
          const [, , , name = '', tenant = ''] = subject.split('.');
          return { class: name, tenant, records: count };
        });
      } catch {
        return undefined;
      }
    },
    async quality(connector) {
      const answer = await queue.ask<RouteFactsAnswer>(routeFactsSubject, {}, askTimeoutMs);
      return answer?.connectors[connector]?.quality;
    },
  };
}
