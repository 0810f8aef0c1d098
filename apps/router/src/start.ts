import { cancelledMarks } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { watchOptOuts, watchRegistry } from '@heliograph/registry';
import { gauge, type Running, type ServiceContext } from '@heliograph/service';
import type { config as schema } from './config.ts';
import { startInbound } from './inbound/start-inbound.ts';
import { startRouting } from './route/start-routing.ts';
import { startTestProvider } from './test-provider/test-provider.ts';

const stopMs = 5_000;

export async function start({ name, instance, config, log }: ServiceContext<typeof schema>): Promise<Running> {
  const queue = await openQueue({ url: config.NATS_URL, name, log });
  const watching = { databaseUrl: config.DATABASE_URL, listen: queue.listen, log };
  const registry = await watchRegistry(watching);
  const optOuts = await watchOptOuts(watching);
  const cancelled = await queue.marks(cancelledMarks);

  const routing = await startRouting({ queue, name, registry, cancelled });
  const testProvider = await startTestProvider({ queue, cancelled, optOuts });
  const inbound = await startInbound({
    queue,
    registry,
    instance,
    databaseUrl: config.DATABASE_URL,
    databaseConnections: config.DATABASE_CONNECTIONS,
    partsWaitMs: config.INBOUND_PARTS_WAIT_MS,
    sweepEveryMs: config.INBOUND_SWEEP_EVERY_MS,
    log,
  });
  gauge('heliograph_opt_outs', 'who wants no more messages, by sender and recipient', () => optOuts.size);
  gauge('heliograph_opt_outs_stale_seconds', 'time since the opt-outs were last seen', () => optOuts.staleMs / 1000);
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);

  return {
    checks: { nats: () => queue.connected },
    async stop() {
      // test messages that wait for their next step go to another process at once
      await Promise.all([routing.stop(stopMs), testProvider.stop(0), inbound.stop(stopMs)]);
      await queue.close();
      await registry.stop();
      await optOuts.stop();
    },
  };
}
