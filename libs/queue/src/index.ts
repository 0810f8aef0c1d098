export type { Asking } from './ask.ts';
export type { Delivery, RecordPosition } from './held-record.ts';
export type { Log } from './log.ts';
export type { PositionReader } from './position-reader.ts';
export type { Presence } from './presence.ts';
export { QueueUnavailableError } from './publisher.ts';
export { openQueue, type Queue, type QueueOptions } from './queue.ts';
export type { StreamSizes } from './streams.ts';
export type { Worker } from './worker.ts';
