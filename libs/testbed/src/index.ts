export { startBank } from './bank.ts';
export { eventually } from './eventually.ts';
export { quietLog } from './quiet-log.ts';
export { startServers, type Schema, type TestServers } from './servers.ts';
export { seedTenant, testTenant } from './tenants.ts';
