// Run: node apps/billing-credits/src/charging.bench.ts. What charging costs for each message, with a PostgreSQL of its own: posting a batch of records,
// giving back what failed, and granting leases. CPU of Node and of PostgreSQL (Linux, embedded server). BENCH_MESSAGES: how many (default 50,000: some seconds).
import { readFileSync } from 'node:fs';
import { newId } from '@heliograph/message';
import { startServers, testMessage } from '@heliograph/testbed';
import { chargesOf } from './charge.ts';
import { openBilling } from './database.ts';
import { createLeases } from './leases.ts';
import { createLedger } from './ledger.ts';

const messages = Number(process.env['BENCH_MESSAGES'] ?? '50000');
/** 10,000 messages a second, gathered for 50 ms. */
const batchMessages = 500;
const fewBatches = 10;
const refundEvery = 20;
const grants = 500;
/** An ingress asks for what it spends in some seconds. */
const messagesPerLease = 1_000;
const microCredits = 1_000_000n;

const servers = await startServers({ schemas: ['billing'] });
const database = openBilling(servers.databaseUrl);
const ledger = createLedger(database);
const leases = createLeases(database, { ttlMs: 3_600_000, graceMs: 15_000 });
let [chargeSeq, refundSeq] = [0, 0];

console.log('| what | µs a message | CPU: Node | PostgreSQL |\n| --- | ---: | ---: | ---: |');
for (const tenants of [1, 10, 100]) {
  const names = Array.from({ length: tenants }, () => newId());
  const held: string[] = [];
  for (const tenant of names) {
    await ledger.topUp({ tenant, microCredits: 10n ** 15n, key: 'bench', note: '' });
    const amount = 10n ** 14n;
    const { answer } = await leases.grant({ tenant, ingress: 'bench', need: amount, want: amount }, Date.now());
    if (answer.kind !== 'granted') throw new Error(answer.kind);
    held.push(answer.lease);
  }
  const batch = Array.from({ length: batchMessages }, (_, i) => {
    const n = i % tenants;
    return testMessage({ tenant: names[n] as string, charge: { lease: held[n] as string, microCredits: String(microCredits) } });
  });
  const post = () => ledger.postCharges(chargesOf(batch).sums, { firstSeq: ++chargeSeq, upToSeq: chargeSeq });
  for (let i = 0; i < fewBatches; i++) await post();
  await measured(`charged, ${batchMessages} in a batch, of ${tenants} tenants`, messages, async () => {
    for (let posted = 0; posted < messages; posted += batchMessages) await post();
  });
}

const tenant = newId();
await ledger.topUp({ tenant, microCredits: 10n ** 15n, key: 'bench', note: '' });
await measured(`refunded, every ${refundEvery}th`, messages, async () => {
  for (let posted = 0; posted < messages; posted += batchMessages) {
    const due = Array.from({ length: batchMessages / refundEvery }, () => ({
      messageId: newId(),
      tenant,
      state: 'failed' as const,
      microCredits,
    }));
    await ledger.postRefunds(due, { firstSeq: ++refundSeq, upToSeq: refundSeq });
  }
});
// as many leases are known at a time as a tenant with some busy ingresses has
const short = createLeases(database, { ttlMs: 100, graceMs: 15_000 });
await measured(`granted and given back, a lease for ${messagesPerLease}`, grants * messagesPerLease, async () => {
  for (let i = 0; i < grants; i++) {
    const { answer } = await short.grant({ tenant, ingress: 'bench', need: 1n, want: microCredits }, Date.now());
    if (answer.kind === 'granted') await short.giveBack(answer.lease, 0n);
  }
});
await database.$disconnect();
await servers.stop();

async function measured(what: string, count: number, doing: () => Promise<void>): Promise<void> {
  const [startMs, node, postgres] = [performance.now(), process.cpuUsage(), await postgresCpuUs()];
  await doing();
  const { user, system } = process.cpuUsage(node);
  const ms = performance.now() - startMs;
  const figures = [ms * 1000, user + system, (await postgresCpuUs()) - postgres].map((us) => (us / count).toFixed(2));
  console.log(`| ${what} | ${figures.join(' | ')} |`);
}

/** Of the backends and the writers that there are; ticks of 10 ms (proc(5), utime and stime). */
async function postgresCpuUs(): Promise<number> {
  const pids = await database.$queryRaw<{ pid: number }[]>`SELECT pid FROM pg_stat_activity`;
  const ticks = pids.map(({ pid }) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    } catch {
      return 0;
    }
  });
  return ticks.reduce((a, b) => a + b, 0) * 10_000;
}
