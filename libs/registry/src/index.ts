export * from './change.ts';
export { smppConnectorSettings, type SmppConnectorSettings } from './connector-settings.ts';
export { openRegistry, type RegistryDatabase } from './database.ts';
export { createPrefixTable, type PrefixTable } from './prefix-table.ts';
export * from './snapshot.ts';
export { registryChanged, watchRegistry, type RegistryWatch } from './watch.ts';
