import type { Connector } from '@heliograph/registry';
import { compileRoutes, routeRule, type RouteTable } from '@heliograph/routing';

/** What the specs of this library share: a table with a route for a prefix, and the connector it leads to. */

export function routesOf(prefix: string): RouteTable {
  return compileRoutes(
    [{ id: 'default', ...routeRule.parse({ when: { prefixes: [prefix] }, targets: [{ connectorId: carrier.id }] }) }],
    1,
  );
}

const carrier: Connector = {
  id: 'carrier',
  kind: 'smpp',
  groupId: 'carrier',
  enabled: true,
  settings: {},
  secret: '',
  senders: [],
  mode: 'running',
};

export const connectors: ReadonlyMap<string, Connector> = new Map([[carrier.id, carrier]]);
