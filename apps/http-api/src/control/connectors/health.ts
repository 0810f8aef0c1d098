import { messageClasses, type CircuitState, type ConnectorHealth, type ConnectorMode } from '@heliograph/message';
import type { z } from 'zod';
import { timeText } from '../../http/time.ts';
import type { connectorHealth, connectorState } from './health-schema.ts';
import type { SetAside } from './healths.ts';

type Shown = z.infer<typeof connectorHealth>;

export function stateOf(healths: readonly ConnectorHealth[]): z.infer<typeof connectorState> {
  if (healths.length === 0) return 'unknown';
  return bestOf(healths)?.circuit === 'closed' ? 'up' : 'down';
}

export interface HealthFacts {
  readonly mode: ConnectorMode;
  readonly healths: readonly ConnectorHealth[];
  readonly setAside: readonly SetAside[];
  readonly quality: number | undefined;
}

/** One connector, whichever processes run it: what each has is added up, and it is as well as the one that is best. */
export function showHealth({ mode, healths, setAside, quality }: HealthFacts): Shown {
  const best = bestOf(healths);
  const newest = healths.toSorted((a, b) => b.atMs - a.atMs)[0];
  const sum = (of: (health: ConnectorHealth) => number): number => healths.reduce((total, health) => total + of(health), 0);
  const answered = (health: ConnectorHealth): number => (health.responseMs === undefined ? 0 : answersOf(health));
  const answers = sum(answered);
  const limits = healths.map(({ segmentsPerSecond }) => segmentsPerSecond);
  return {
    mode,
    state: stateOf(healths),
    links: { bound: sum(({ links }) => links.bound), wanted: sum(({ links }) => links.wanted) },
    circuit: best?.circuit ?? null,
    since: best?.sinceMs === undefined ? null : timeText(best.sinceMs),
    lastError: best?.lastError ?? healths.find(({ lastError }) => lastError !== undefined)?.lastError ?? null,
    lastMinute: {
      accepted: sum(({ lastMinute }) => lastMinute.accepted),
      later: sum(({ lastMinute }) => lastMinute.later),
      throttled: sum(({ lastMinute }) => lastMinute.throttled),
      permanent: sum(({ lastMinute }) => lastMinute.permanent),
      unknown: sum(({ lastMinute }) => lastMinute.unknown),
    },
    responseMs: answers === 0 ? null : Math.round(sum((health) => (health.responseMs ?? 0) * answered(health)) / answers),
    segmentsPerSecond: limits.length === 0 || limits.includes(undefined) ? null : sum((health) => health.segmentsPerSecond ?? 0),
    inFlight: sum(({ inFlight }) => inFlight),
    waiting: sum(({ waiting }) => waiting),
    backlog: messageClasses.map((name) => {
      // all read the same queue
      const { messages = 0, records = 0, oldestAtMs } = newest?.backlog[name] ?? {};
      const tenants = setAside.filter((one) => one.class === name).map(({ tenant, records }) => ({ tenant, records }));
      return { class: name, messages, records, oldestAt: oldestAtMs === undefined ? null : timeText(oldestAtMs), tenants };
    }),
    quality: quality === undefined ? null : Math.round(quality * 10_000) / 10_000,
    instances: healths.map(({ instance, links, circuit, atMs }) => ({ instance, links, circuit, at: timeText(atMs) })),
  };
}

const order: Readonly<Record<CircuitState, number>> = { closed: 0, 'half-open': 1, open: 2 };

function bestOf(healths: readonly ConnectorHealth[]): ConnectorHealth | undefined {
  return healths.toSorted((a, b) => order[a.circuit] - order[b.circuit])[0];
}

function answersOf({ lastMinute }: ConnectorHealth): number {
  return lastMinute.accepted + lastMinute.later + lastMinute.throttled + lastMinute.permanent;
}
