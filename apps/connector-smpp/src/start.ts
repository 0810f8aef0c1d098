import { createVault } from '@heliograph/credential';
import { cancelledMarks } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { watchRegistry } from '@heliograph/registry';
import { gauge, type Running, type ServiceContext } from '@heliograph/service';
import type { config as schema } from './config.ts';
import { bindsOf, type RunningConnector } from './connector.ts';
import { createConnectors } from './connectors.ts';
import { createOrphans } from './orphans.ts';
import type { WantedConnector } from './plan.ts';

/** Left of the time to drain for closing the queue and the database. */
const closeMs = 2_000;
/** A change of the registry is followed at once; a message that was routed to a connector just removed is found by looking. */
const orphansEveryMs = 5_000;

export async function start({ config, log, instance }: ServiceContext<typeof schema>): Promise<Running> {
  const vault = createVault(Buffer.from(config.MASTER_KEY, 'hex'));
  const queue = await openQueue({ url: config.NATS_URL, name: instance, log });
  const registry = await watchRegistry({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  // before anything is taken: what was cancelled while no process ran must not go out
  const cancelled = await queue.marks(cancelledMarks);
  const drainMs = Math.max(1_000, config.DRAIN_MS - closeMs);
  const connectors = createConnectors({ queue, cancelled, log, only: config.CONNECTORS, open: vault.open, drainMs });
  const orphans = createOrphans({ queue, registry, answersTo: connectors.answersTo, cancelled, log });
  registry.onChange((snapshot) => {
    void connectors.follow(snapshot);
    void orphans.follow();
  });
  await connectors.follow(registry.current);
  await orphans.follow();
  const looking = setInterval(() => void orphans.follow(), orphansEveryMs);
  for (const { name, help, read } of gauges) {
    gauge(`heliograph_connector_smpp_${name}`, help, () =>
      [...connectors.running].map(([wanted, running]) => ({ value: read(wanted, running), attributes: { connector: wanted.id } })),
    );
  }
  gauge('heliograph_connector_smpp_orphans', 'messages held here whose connector is removed or disabled', () => orphans.held);
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  return {
    // A provider that is away is the provider's fault: it shows in the gauges, and this process stays ready for the others.
    checks: { queue: () => queue.connected || 'not connected to nats-server' },
    async stop() {
      clearInterval(looking);
      await orphans.stop();
      await connectors.stop(drainMs);
      await registry.stop();
      await queue.close();
    },
  };
}

const gauges: readonly { name: string; help: string; read: (wanted: WantedConnector, running: RunningConnector) => number }[] = [
  { name: 'bound', help: 'links that are bound; a tx+rx bind has two', read: (_, { bound }) => bound },
  { name: 'binds_wanted', help: 'links that should be bound', read: ({ settings }) => bindsOf(settings).length },
  { name: 'in_flight', help: 'messages whose answers are awaited', read: (_, { inFlight }) => inFlight },
  { name: 'parked', help: 'messages held that wait for a window, a pace or a later try', read: (_, { parked }) => parked },
  {
    name: 'pace',
    help: 'segments a second that may go out now; -1 without a limit',
    read: (_, { segmentsPerSecond: pace }) => (pace === Infinity ? -1 : pace),
  },
];
