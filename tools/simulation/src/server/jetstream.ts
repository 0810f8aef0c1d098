export * from '@nats-io/jetstream';
export { jetstream, jetstreamManager } from './client.ts';
