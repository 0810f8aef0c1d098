/**
 * Two tenants on one connector. `large` has a queue that lasts; `small` sends ten messages a second. The provider takes 1,000 segments a second, so
 * that whoever waits, waits for it. Figures are ratios of one run: what the small one waits beside the large one and alone, and what the large one
 * gets beside the small one and alone. Then, without a limit, what a queue costs the connector: CPU of messages that come a few at a time against
 * that of as many which are there at once, so that most are set aside first.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCarrier } from '@heliograph/carrier-simulator';
import { createVault } from '@heliograph/credential';
import { done, newId, type MessageSent } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { openRegistry, putSmppConnector, smppConnectorSettings } from '@heliograph/registry';
import { quietLog, startServers } from '@heliograph/testbed';
import { aMessage } from '../../test/message.fixture.ts';

const scale = Number(process.env['BENCH_SCALE'] ?? '1');
const perSecond = 1_000;
const seconds = 20 * scale;
const perBatch = 100;
const masterKey = '0f'.repeat(32);

const servers = await startServers({ schemas: ['registry'], syncAlways: true });
const database = openRegistry(servers.databaseUrl);
const queue = await openQueue({ url: servers.natsUrl, name: 'bench', log: quietLog });
const carrier = await startCarrier({ systemId: 'bench', password: 'secret', options: { receiptDelayMs: 600_000 } });
let child: ChildProcess | undefined;

/** Unix ms at which each was sent, by id. */
const sentAtMs = new Map<string, number>();
await queue.workEach({
  stage: 'report',
  stream: 'OUTCOMES',
  eventsInFlightMax: 1_000,
  async handle({ event }) {
    if (event.type === 'message.sent') sentAtMs.set(event.message.id, (event as MessageSent).at);
    return done();
  },
});

async function connector(id: string, segmentsPerSecond: number, enabled = true): Promise<void> {
  const settings = smppConnectorSettings.parse({
    host: '127.0.0.1',
    port: carrier.port,
    systemId: 'bench',
    window: 100,
    segmentsPerSecond,
  });
  const secret = createVault(Buffer.from(masterKey, 'hex')).seal('secret', `connector:${id}`);
  await putSmppConnector(database, { id, groupId: id, enabled, settings, secret });
  queue.broadcast('registry.changed', {});
}

async function route(id: string, tenant: string): Promise<string> {
  const message = aMessage({ id: newId(), tenant, registeredDelivery: 0, validUntilMs: Date.now() + 3_600_000 });
  await queue.publish({ type: 'message.routed', at: Date.now(), message, connector: id, route: 'bench' });
  return message.id;
}

const routeMany = (id: string, tenant: string, count: number) => Promise.all(Array.from({ length: count }, () => route(id, tenant)));

async function sent(ids: readonly string[]): Promise<void> {
  while (!ids.every((id) => sentAtMs.has(id))) await pause(20);
}

/** Ten a second, for so long: how long each waits, ms. */
async function small(id: string): Promise<number[]> {
  const waits: Promise<number>[] = [];
  for (let i = 0; i < 10 * seconds; i++) {
    const atMs = Date.now();
    waits.push(
      route(id, 'small').then(async (messageId) => {
        await sent([messageId]);
        return (sentAtMs.get(messageId) as number) - atMs;
      }),
    );
    await pause(100);
  }
  return (await Promise.all(waits)).sort((a, b) => a - b);
}

/** Messages a second of these, from the first of them that goes out to the last, or to the end of `during`. */
async function rateOf(ids: readonly string[], during: Promise<unknown> = sent(ids)): Promise<number> {
  await during;
  const at = ids.flatMap((id) => sentAtMs.get(id) ?? []).sort((a, b) => a - b);
  return ((at.length - 1) * 1000) / ((at.at(-1) as number) - (at[0] as number));
}

const percentile = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number;

/** Of the process until now; Linux counts in hundredths of a second. */
function cpuMicroseconds({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * 10_000;
}

try {
  child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    env: { ...process.env, DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl, MASTER_KEY: masterKey, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await connector('limited', perSecond);
  await sent(await routeMany('limited', 'warm', 2_000));

  const alone = await small('limited');
  const largeAlone = await rateOf(await routeMany('limited', 'large', perSecond * (seconds / 4)));
  const largeIds = await routeMany('limited', 'large', 2 * perSecond * seconds);
  const waits = small('limited');
  const largeBeside = await rateOf(largeIds, waits);
  const beside = await waits;
  await connector('limited', 0);
  await sent(largeIds);

  console.log(`| tenant | alone | beside the other | ratio |\n| --- | ---: | ---: | ---: |`);
  for (const share of [0.5, 0.99]) {
    const [one, other] = [percentile(alone, share), percentile(beside, share)];
    console.log(`| small: p${100 * share} ms from routed to sent | ${one} | ${other} | ${(other / Math.max(1, one)).toFixed(1)} |`);
  }
  console.log(
    `| large: messages a second | ${largeAlone.toFixed(0)} | ${largeBeside.toFixed(0)} | ${(largeBeside / largeAlone).toFixed(2)} |`,
  );

  // small enough batches are never a queue: nobody is set aside
  const count = 20_000 * scale;
  await connector('unlimited', 0);
  const cpu: Record<'as it comes' | 'set aside', number[]> = { 'as it comes': [], 'set aside': [] };
  for (let round = 0; round < 3; round++) {
    const before = cpuMicroseconds(child);
    for (let i = 0; i < count; i += perBatch) await sent(await routeMany('unlimited', 'large', perBatch));
    cpu['as it comes'].push((cpuMicroseconds(child) - before) / count);
    const recordsBefore = await queue.lastSeq('BACKLOG');
    const beforeQueue = cpuMicroseconds(child);
    await sent(await routeMany('unlimited', 'large', count));
    cpu['set aside'].push((cpuMicroseconds(child) - beforeQueue) / count);
    console.log(`${(await queue.lastSeq('BACKLOG')) - recordsBefore} records of ${count} messages were set aside`);
  }
  const [direct, aside] = Object.values(cpu).map((each) => Math.min(...each)) as [number, number];
  console.log(
    `CPU µs a message of the connector: ${direct.toFixed(0)} as it comes, ${aside.toFixed(0)} from a queue (${(aside / direct).toFixed(2)})`,
  );
} finally {
  if (child) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await carrier.stop();
  await queue.close();
  await database.$disconnect();
  await servers.stop();
}
