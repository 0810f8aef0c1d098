import { createAccept } from '@heliograph/accept';
import type { Queue } from '@heliograph/queue';
import { openRegistry, type RegistryWatch } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { createAssemblyBook } from './assembly-book.ts';
import { openDatabase } from './database.ts';
import { startMatchStage } from './match-stage.ts';
import { createOptOutKeeper } from './opt-out-keeper.ts';
import { createReplies } from './replies.ts';

export interface InboundOptions {
  readonly queue: Queue;
  readonly registry: RegistryWatch;
  readonly databaseUrl: string;
  /** Of the pool that keeps parts and answers. */
  readonly databaseConnections: number;
  /** This process. */
  readonly instance: string;
  readonly partsWaitMs: number;
  readonly sweepEveryMs: number;
  readonly log: Log;
}

export interface Inbound {
  stop(graceMs: number): Promise<void>;
}

/** Stage `match`: parts, whose a message is, who wants no more, and the answers to that. */
export async function startInbound({ queue, registry, instance, log, ...options }: InboundOptions): Promise<Inbound> {
  const database = openDatabase(options.databaseUrl, options.databaseConnections);
  const book = createAssemblyBook(database);
  const registryDatabase = openRegistry(options.databaseUrl, 1);
  const accept = createAccept({ queue, registry, instance: ingressName(instance) });
  const replies = createReplies({ database, accept, registry, log });
  const { heed } = createOptOutKeeper({ database: registryDatabase, registry, broadcast: queue.broadcast, replies });
  const { partsWaitMs, sweepEveryMs } = options;
  const matching = await startMatchStage({ queue, registry, book, heed, partsWaitMs, sweepEveryMs, log });
  return {
    async stop(graceMs) {
      await matching.stop(graceMs);
      await replies.stop();
      await accept.close();
      await book.close();
      await registryDatabase.$disconnect();
    },
  };
}

/** Leases are recalled from an ingress by its name, which must fit a NATS subject token; the end of an instance's name tells it from its equals. */
function ingressName(instance: string): string {
  const token = instance.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `router-${token.slice(-33)}`;
}
