/** Ingresses as they are, with the wallet of libs/accept, against billing-credits as it is, over a real nats-server and a real PostgreSQL. */
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createAccept } from '@heliograph/accept';
import { leaseSubjects, newId, type BalanceAnswer, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { watchRegistry } from '@heliograph/registry';
import { createHeard, eventually, quietLog, seedTenant, testTenant } from '@heliograph/testbed';
import { once } from 'node:events';
import { proofOf, startBillingServer, type BillingServer } from './money.ts';
import { createProcesses, kill, type Processes } from './processes.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const tenant = testTenant.id;
const credit = 1_000_000n;

let server: BillingServer;
let asker: Queue;
let processes: Processes;
beforeEach(async () => {
  server = await startBillingServer();
  processes = createProcesses(server);
  await seedTenant(server.databaseUrl);
  asker = await openQueue({ url: server.natsUrl, name: 'asker', log: quietLog });
}, 60_000);
afterEach(async () => {
  await processes.killAll();
  await asker.close();
  await server.stop();
}, 60_000);
beforeAll(() => console.info(`seed ${seed} (FUZZ_SEED)`));

const balance = () => eventually('an answer', () => asker.ask<BalanceAnswer>(leaseSubjects.balance, { tenant }, 1_500));
/** Asked again when no answer came, as http-api does, with its key. */
const topUp = (credits: number, key = newId()) =>
  eventually('an answer', () => {
    const question = { tenant, microCredits: String(BigInt(credits) * credit), key, note: '' };
    return asker.ask<object>(leaseSubjects.topUp, question, 1_500);
  });

test('ten ingresses that race for the last 100 credits accept exactly 100 segments', async () => {
  await processes.billing();
  await topUp(100);
  const queues = await Promise.all(Array.from({ length: 10 }, () => openQueue({ url: server.natsUrl, name: 'ingress', log: quietLog })));
  const registry = await watchRegistry({ databaseUrl: server.databaseUrl, listen: asker.listen, log: quietLog });
  const ingresses = queues.map((queue, i) => createAccept({ queue, registry, instance: `ingress-${i}` }));
  const submission = {
    credential: testTenant.apiCredential,
    door: 'http',
    from: { addr: 'Acme' },
    to: { addr: '+15551234567' },
    content: { kind: 'text', text: 'hello' },
  } as const;
  const taken = await Promise.all(
    ingresses.flatMap((ingress) =>
      Array.from({ length: 3 }, async () => {
        for (let segments = 0; ;) {
          const answer = await ingress.submit(submission);
          if (answer.ok) segments += answer.segments;
          else if (answer.reason === 'no_credit') return segments;
        }
      }),
    ),
  );
  expect(taken.reduce((a, b) => a + b, 0)).toBe(100);
  await Promise.all(ingresses.map((ingress) => ingress.close()));
  expect(await balance()).toMatchObject({ balanceMicroCredits: '0', leasedMicroCredits: '0', chargedMicroCredits: String(100n * credit) });
  expect(await proofOf(server.database, tenant)).toMatchObject({ holds: true });
  await registry.stop();
  await Promise.all(queues.map((queue) => queue.close()));
}, 60_000);

test(`ingresses and billing-credits that are killed at any point lose and invent nothing (FUZZ_SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const times = { LEASE_TTL_MS: '2s', LEASE_GRACE_MS: '4s' };
  const billing = [await processes.billing(times), await processes.billing(times)];
  await topUp(150);
  await asker.ask(leaseSubjects.limit, { tenant, microCredits: String(50n * credit) }, 5_000);
  let funds = 150;
  const accepted = createHeard<string>();
  const ingresses = await Promise.all(
    Array.from({ length: 4 }, (_, i) => processes.start('ingress.ts', { INSTANCE: `ingress-${i}`, NODE_NO_WARNINGS: '1' })),
  );
  for (const ingress of ingresses) {
    ingress.on('message', ({ accepted: id }: { accepted?: string }) => id && accepted.hear(id));
    ingress.send('begin');
  }
  const ended = ingresses.map((ingress) => once(ingress, 'exit'));
  const happenings = [
    async () => {
      await kill(billing.shift()!);
      billing.push(await processes.billing(times));
    },
    () => kill(ingresses[0]!),
    async () => {
      // killed while it is asked: the answer may be lost, and the question is asked again
      const asked = topUp(30, 'while it dies');
      await kill(billing.shift()!);
      await asked;
      funds += 30;
    },
    () => kill(ingresses[1]!),
  ];
  for (let at = 10; happenings.length > 0; at += 1 + random(25)) {
    // or there is no credit any more
    await Promise.race([accepted.when((all) => all.length >= at), Promise.all(ended)]);
    await happenings.splice(random(happenings.length), 1)[0]?.();
  }
  await Promise.all(ended);

  const stored = await storedCharges();
  const charged = [...stored.values()].reduce((a, b) => a + b, 0n);
  const answered = accepted.all.filter((id) => !stored.has(id));
  expect(answered).toEqual([]);
  const settled = await eventually(
    'every lease ends',
    async () => {
      const proof = await proofOf(server.database, tenant);
      return proof?.leased === 0n && proof;
    },
    20_000,
  );
  const expected = { funds: BigInt(funds) * credit, charged, refunded: 0n, balance: BigInt(funds) * credit - charged, holds: true };
  expect(settled).toMatchObject(expected);
  expect(settled.balance >= -50n * credit).toBe(true);
}, 60_000);

/** Of every message in the stream, by its id. */
async function storedCharges(): Promise<Map<string, bigint>> {
  const charges = new Map<string, bigint>();
  const reader = asker.readFromPosition({
    stage: 'charge',
    stream: 'SUBMITTED',
    position: async () => 0,
    gatherMs: 0,
    eventsMax: 1_000,
    async handle(deliveries) {
      for (const { event } of deliveries as readonly { event: MessageSubmitted }[]) {
        charges.set(event.message.id, BigInt(event.message.charge.microCredits));
      }
    },
  });
  expect(await reader.caughtUp(10_000)).toBe(true);
  await reader.stop();
  return charges;
}

/** Mulberry32: whole numbers below the one given. */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
