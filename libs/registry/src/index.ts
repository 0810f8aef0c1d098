export * from './change.ts';
export { smppConnectorSettings, type SmppConnectorSettings } from './connector-settings.ts';
export * from './credential.ts';
export * from './credential-change.ts';
export * from './credential-use.ts';
export { openRegistry, type RegistryDatabase } from './database.ts';
export * from './guards.ts';
export {
  createInboundTable,
  inboundAddress,
  inboundKeyword,
  inboundKeywordMax,
  type InboundRoute,
  type InboundTable,
} from './inbound-table.ts';
export * from './inbound-settings.ts';
export * from './opt-out.ts';
export { createOptOutTable, isOptedOut, type OptOutTable } from './opt-out-table.ts';
export { watchOptOuts, type OptOuts } from './opt-out-watch.ts';
export { createPrefixTable, type PrefixTable } from './prefix-table.ts';
export * from './role.ts';
export { routeFactsOf, type ConnectorFacts } from './route-facts.ts';
export { createPriceTable, type Network, type PriceTable } from './price-table.ts';
export { signingSecrets, tenantDefaults, type Connector, type Snapshot, type Tenant, type Webhook } from './snapshot.ts';
export { registryChanged, watchRegistry, type RegistryWatch } from './watch.ts';
