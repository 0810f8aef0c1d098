export { startBank } from './bank.ts';
export { browserWaitMs, findBrowser, launchBrowser, type BrowserSearch, type BrowserSource } from './browser.ts';
export { driftAfterMigrations, driftOf } from './drift.ts';
export { eventually } from './eventually.ts';
export { createHeard, type Heard } from './heard.ts';
export { testMessage } from './message.ts';
export { quietLog } from './quiet-log.ts';
export { migrate, startServers, type Schema, type TestServers, type TestServersOptions } from './servers.ts';
export { seedTenant, testTenant } from './tenants.ts';
