import { createVault } from '@heliograph/credential';
import { cancelledMarks, connectorHealth, messageClasses, type ConnectorHealth } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { watchOptOuts, watchRegistry } from '@heliograph/registry';
import { gauge, type Running, type ServiceContext } from '@heliograph/service';
import type { config as schema } from './config.ts';
import { bindsOf, type RunningConnector } from './connector.ts';
import { createConnectors } from './connectors.ts';
import { createOrphans } from './orphans/orphans.ts';
import { createNeighbours } from './send/neighbours.ts';
import type { WantedConnector } from './plan.ts';

/** Left of the time to drain for closing the queue and the database. */
const closeMs = 2_000;
/** A change is told at once. */
const healthEveryMs = 1_000;
/** A change of the registry is followed at once; a message that was routed to a connector just removed is found by looking. */
const orphansEveryMs = 5_000;

export async function start({ config, log, instance }: ServiceContext<typeof schema>): Promise<Running> {
  const vault = createVault(Buffer.from(config.MASTER_KEY, 'hex'));
  const queue = await openQueue({ url: config.NATS_URL, name: instance, log });
  const registry = await watchRegistry({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  // before anything is taken: what was cancelled while no process ran must not go out
  const cancelled = await queue.marks(cancelledMarks);
  const optOuts = await watchOptOuts({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  const drainMs = Math.max(1_000, config.DRAIN_MS - closeMs);
  const tellHealth = (running: RunningConnector): void =>
    queue.broadcast(connectorHealth, { ...running.health(Date.now()), instance } satisfies ConnectorHealth);
  const neighbours = createNeighbours({ listen: queue.listen });
  const connectors = createConnectors({
    queue,
    cancelled,
    optOuts,
    neighbours,
    log,
    only: config.CONNECTORS,
    open: vault.open,
    drainMs,
    onHealth: tellHealth,
  });
  const orphans = createOrphans({ queue, registry, answersTo: connectors.answersTo, cancelled, log });
  registry.onChange((snapshot) => {
    void connectors.follow(snapshot);
    void orphans.follow();
  });
  await connectors.follow(registry.current);
  await orphans.follow();
  const looking = setInterval(() => void orphans.follow(), orphansEveryMs);
  const telling = setInterval(() => {
    for (const [, running] of connectors.running) tellHealth(running);
  }, healthEveryMs);
  for (const { name, help, read } of gauges) {
    gauge(`heliograph_connector_smpp_${name}`, help, () =>
      [...connectors.running].map(([wanted, running]) => ({ value: read(wanted, running), attributes: { connector: wanted.id } })),
    );
  }
  gauge('heliograph_connector_smpp_backlog', 'messages that wait in the streams, about', () => {
    const now = Date.now();
    return [...connectors.running].flatMap(([{ id }, running]) => {
      const { backlog } = running.health(now);
      return messageClasses.map((name) => ({ value: backlog[name].messages, attributes: { connector: id, class: name } }));
    });
  });
  gauge('heliograph_connector_smpp_orphans', 'messages held here whose connector is removed or disabled', () => orphans.held);
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  gauge('heliograph_opt_outs_stale_seconds', 'time since the opt-outs were last seen', () => optOuts.staleMs / 1000);
  return {
    // A provider that is away is the provider's fault: it shows in the gauges, and this process stays ready for the others.
    checks: { queue: () => queue.connected || 'not connected to nats-server' },
    async stop() {
      clearInterval(looking);
      clearInterval(telling);
      await orphans.stop();
      await connectors.stop(drainMs);
      await registry.stop();
      await optOuts.stop();
      await queue.close();
    },
  };
}

const circuits: Readonly<Record<ConnectorHealth['circuit'], number>> = { closed: 0, 'half-open': 1, open: 2 };

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
  {
    name: 'circuit',
    help: 'whether its provider takes anything: 0 closed (it does), 1 half-open (one message tries), 2 open',
    read: (_, { health }) => circuits[health(Date.now()).circuit],
  },
];
