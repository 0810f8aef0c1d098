import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { OnConnect } from './connection.ts';
import type { Reading } from './held-record.ts';
import type { Log } from './log.ts';
import type { Reads } from './reads.ts';

/** What everything that reads from the server is made of. */
export interface ReaderContext {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly reads: Reads;
  readonly log: Log;
  /** Whoever reads is in here until it has stopped. */
  readonly reading: Set<Reading>;
  readonly connected: OnConnect;
}
