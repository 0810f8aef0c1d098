export { findNatsServer, natsVersionMin } from './nats-binary.ts';
export type { NatsBinary } from './nats-binary.ts';
export { startNats } from './nats.ts';
export type { NatsOptions, NatsServer } from './nats.ts';
export { removePostgres, startPostgres } from './postgres.ts';
export type { PostgresOptions, PostgresServer } from './postgres.ts';
export { commandLineOf, isSameProcess, processStart } from './process-identity.ts';
export type { ProcessIdentity } from './process-identity.ts';
export type { Exit, ServerProcess } from './server-process.ts';
