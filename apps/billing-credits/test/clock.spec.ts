/** Leases when the clocks of processes are wrong: those of PostgreSQL and nats-server are right, as are those of other processes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAccept, type Acceptance, type Accept } from '@heliograph/accept';
import { leaseSubjects, newId, type FinalState, type LeaseAnswer, type LeaseRecall } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { watchRegistry, type RegistryWatch } from '@heliograph/registry';
import { eventually, quietLog, seedTenant, testTenant } from '@heliograph/testbed';
import { lead, type Lead } from '../src/lead.ts';
import { createLedger } from '../src/ledger.ts';
import { startBillingServer, type BillingServer } from './money.ts';
import { createProcesses, type Processes } from './processes.ts';

const fiveMinutesMs = 300_000;
const credit = 1_000_000n;

/** The clock of this process is so far ahead. */
let aheadMs = 0;
const rightNow = Date.now;
Date.now = () => rightNow() + aheadMs;

let server: BillingServer;
let asker: Queue;
beforeAll(async () => {
  server = await startBillingServer();
  await seedTenant(server.databaseUrl);
  asker = await openQueue({ url: server.natsUrl, name: 'asker', log: quietLog });
}, 60_000);
afterAll(async () => {
  Date.now = rightNow;
  await asker.close();
  await server.stop();
}, 60_000);

interface LeaseRow {
  readonly id: string;
  readonly state: string;
  readonly posted: bigint;
  /** By PostgreSQL's clock, s. */
  readonly rest: number;
  /** It counts for the day (UTC) of its grant. */
  readonly isOfItsDay: boolean;
}

/** In the order in which they were granted. */
const leasesOf = (tenant: string) => server.database.$queryRaw<LeaseRow[]>`
  SELECT replace(id::text, '-', '') AS id, state, posted, extract(epoch FROM expires_at - clock_timestamp())::float8 AS rest,
         day = (granted_at AT TIME ZONE 'UTC')::date AS "isOfItsDay"
    FROM billing.lease WHERE tenant = ${tenant} ORDER BY granted_at`;

const topUp = (tenant: string, microCredits: bigint) =>
  createLedger(server.database).topUp({ tenant, microCredits, key: newId(), note: '' });

async function grant(tenant: string, ingress: string, microCredits: bigint): Promise<Extract<LeaseAnswer, { kind: 'granted' }>> {
  const [needMicroCredits, wantMicroCredits] = [String(microCredits), String(microCredits)];
  const question = { tenant, ingress, needMicroCredits, wantMicroCredits };
  return eventually('a lease', async () => {
    const answer = await asker.ask<LeaseAnswer>(leaseSubjects.grant, question, 5_000);
    return answer?.kind === 'granted' && answer;
  });
}

describe('an ingress', () => {
  const tenant = testTenant.id;
  let processes: Processes;
  let registry: RegistryWatch;
  let queue: Queue;
  let accept: Accept;

  beforeEach(async () => {
    processes = createProcesses(server);
    queue = await openQueue({ url: server.natsUrl, name: 'ingress', log: quietLog });
    registry = await watchRegistry({ databaseUrl: server.databaseUrl, listen: queue.listen, log: quietLog });
    accept = createAccept({ queue, registry, instance: 'one' });
  });
  afterEach(async () => {
    aheadMs = 0;
    await accept.close();
    await registry.stop();
    await queue.close();
    await processes.killAll();
    await server.database.$executeRaw`UPDATE billing.lease SET expires_at = '2000-01-01' WHERE tenant = ${tenant}`;
  });

  const submit = (): Promise<Acceptance> =>
    accept.submit({
      credential: testTenant.apiCredential,
      door: 'http',
      from: { addr: 'Acme' },
      to: { addr: '+15551234567' },
      content: { kind: 'text', text: 'hello' },
    });

  test('whose clock is five minutes behind spends no lease after its end', async () => {
    await processes.billing({ LEASE_TTL_MS: '2s', LEASE_GRACE_MS: '1h' });
    await topUp(tenant, 100n * credit);
    aheadMs = -fiveMinutesMs;
    expect(await submit()).toMatchObject({ ok: true });
    await eventually('the end of the lease', async () => ((await leasesOf(tenant))[0]?.rest ?? 1) < 0);
    expect(await submit()).toMatchObject({ ok: true });
    const posted = await eventually('both are charged', async () => {
      const all = (await leasesOf(tenant)).map((lease) => lease.posted);
      return all.reduce((a, b) => a + b, 0n) === 2n * credit && all;
    });
    expect(posted).toEqual([credit, credit]);
  }, 60_000);

  test.each([fiveMinutesMs, -fiveMinutesMs])(
    'whose clock is set by %d ms while it waits for credit that is called back from another refuses nothing',
    async (jumpMs) => {
      await processes.billing();
      const { balance } = await server.database.account.findUniqueOrThrow({ where: { tenant } });
      await topUp(tenant, credit);
      const { lease } = await grant(tenant, 'hoarder', balance + credit);
      asker.listen<LeaseRecall>(leaseSubjects.recall('hoarder'), () => {
        aheadMs = jumpMs;
        void asker.ask(leaseSubjects.giveBack, { lease, spentMicroCredits: '0' }, 5_000);
      });
      expect(await submit()).toMatchObject({ ok: true });
    },
    60_000,
  );
});

describe.each([fiveMinutesMs, -fiveMinutesMs])('billing-credits, whose clock is set by %d ms,', (jumpMs) => {
  const times = { ttlMs: 30_000, graceMs: 15_000 };
  const plans = { current: { tenants: new Map(), refunds: () => new Set<FinalState>() }, refresh: async () => {} } as never;
  let queue: Queue;
  let leading: Lead;
  let tenant: string;

  beforeEach(async () => {
    queue = await openQueue({ url: server.natsUrl, name: 'billing-credits', log: quietLog });
    leading = await lead({ queue, database: server.database, plans, times, log: quietLog as never });
    tenant = newId();
    await topUp(tenant, 100n * credit);
  });
  afterEach(async () => {
    aheadMs = 0;
    await leading.stop();
    await queue.close();
  });

  test('ends no lease early, and none late', async () => {
    const { lease } = await grant(tenant, 'a', credit);
    const over = await grant(tenant, 'b', credit);
    aheadMs = jumpMs;
    await server.database.$executeRaw`
      UPDATE billing.lease SET expires_at = clock_timestamp() - interval '16 s' WHERE id = ${over.lease}::uuid`;
    const states = await eventually('the other one is closed', async () => {
      const rows = await leasesOf(tenant);
      return rows.some(({ id, state }) => id === over.lease && state === 'closed') && rows;
    });
    expect(states.find(({ id }) => id === lease)).toMatchObject({ state: 'active' });
  }, 30_000);

  test('grants a lease for its time, of the day that it is', async () => {
    aheadMs = jumpMs > 0 ? 24 * 3_600_000 : -24 * 3_600_000;
    const { forMs } = await grant(tenant, 'a', credit);
    expect(forMs).toBe(30_000);
    const [row] = await leasesOf(tenant);
    expect(row).toMatchObject({ state: 'active', isOfItsDay: true });
    expect(row?.rest).toBeGreaterThan(20);
    expect(row?.rest).toBeLessThanOrEqual(30.1);
  }, 30_000);
});
