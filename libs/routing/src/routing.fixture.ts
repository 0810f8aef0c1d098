import type { ConnectorState, RouteFacts, RouteQuery } from './decision.ts';
import { routeRule, type Rule, type RouteRuleGiven } from './rule.ts';

/** What the specs of this library share. */

export function aRule(id: string, given: Partial<RouteRuleGiven> = {}): Rule {
  const targets = given.reject ? {} : { targets: [{ connectorId: id }] };
  return { id, ...routeRule.parse({ ...targets, ...given }) };
}

export function aQuery(changes: Partial<RouteQuery> = {}): RouteQuery {
  return {
    messageId: '0193a0d6f0007000800000000000abcd',
    tenant: 'acme',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    digits: '31612345678',
    class: 'normal',
    text: 'Hello',
    segments: 1,
    nowMs: Date.UTC(2026, 10, 20, 12),
    ...changes,
  };
}

export const well: ConnectorState = { enabled: true, mode: 'running', available: true };

interface Known {
  /** Others are well. */
  readonly connectors?: Readonly<Record<string, Partial<ConnectorState> | undefined>>;
  readonly prices?: Readonly<Record<string, bigint>>;
  readonly qualities?: Readonly<Record<string, number>>;
  readonly network?: { readonly mcc: string; readonly mnc: string };
}

export function someFacts({ connectors = {}, prices = {}, qualities = {}, network }: Known = {}): RouteFacts {
  return {
    connector: (id) => (id in connectors ? connectors[id] && { ...well, ...connectors[id] } : well),
    buyPrice: (id) => prices[id],
    quality: (id) => qualities[id],
    network: () => network,
  };
}
