import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { hashPassword, needsUpgrade, verifyPassword, wrapLegacyVerifier } from '@heliograph/credential';
import { openQueue, type Queue } from '@heliograph/queue';
import {
  credentialSubjects,
  openRegistry,
  registryChanged,
  type CredentialsUsed,
  type CredentialUpgrade,
  type RegistryDatabase,
} from '@heliograph/registry';
import { parseConfig, type Running } from '@heliograph/service';
import { createHeard, eventually, quietLog, seedTenant, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { bind, connect, type Client } from './client.ts';
import { seedCredentials } from './credentials.ts';

/** How long a secret that is not good any more may stay, and what the machine needs beside. */
const withinMs = 1_500;
const refused = 0x0d;

let servers: TestServers;
let queue: Queue;
let database: RegistryDatabase;
let ingress: Running;
let stopIngress: (() => Promise<void>) | undefined;
const used = createHeard<CredentialsUsed['uses'][number]>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  const verifier = (await wrapLegacyVerifier('sha1-utf16le', 'DC215545BA63D605FBCD647A9555270F566D918B')) as string;
  await seedCredentials(servers.databaseUrl, { reset: {}, expires: {}, imported: { verifier } });
  database = openRegistry(servers.databaseUrl, 1);
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  await queue.answer<CredentialsUsed>(credentialSubjects.used, 'http-api', ({ uses }) => {
    used.hear(...uses);
    return {};
  });
  const parsed = parseConfig(config, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    SMPP_PORT: '0',
    SMPP_TLS_PORT: '0',
    SMPP_TLS_DIR: join(servers.folder, 'tls'),
  });
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  ingress = await start({ name: 'smpp-ingress', instance: 'test', config: parsed.config, log: quietLog as never });
  let stopped: Promise<void> | undefined;
  stopIngress = () => (stopped ??= ingress.stop());
}, 60_000);

afterAll(async () => {
  await stopIngress?.();
  await queue?.close();
  await database?.$disconnect();
  await servers?.stop();
}, 30_000);

const client = (): Promise<Client> => connect(ingress.ports?.['smpp'] as number);

/** As http-api does: written, then told. */
async function change(id: string, data: Parameters<RegistryDatabase['credential']['update']>[0]['data']): Promise<void> {
  await database.credential.update({ where: { id }, data });
  queue.broadcast(registryChanged, {});
}

/** Bound as soon as the ingress knows of it, which is within a second. */
const boundAs = (systemId: string, password: string): Promise<Client> =>
  eventually(
    `${systemId} can bind`,
    async () => {
      const one = await client();
      return (await bind(one, systemId, password)) === 0 && one;
    },
    1_000,
  );

test('a reset with a grace: the old password binds and its sessions stay until the grace ends, then both are over', async () => {
  const [before, { verifier: old, secretSetAt }] = [
    await client(),
    await database.credential.findUniqueOrThrow({ where: { id: 'reset' } }),
  ];
  expect(await bind(before, 'reset')).toBe(0);
  const graceMs = 3_000;
  const until = Date.now() + graceMs;
  const previous = { previousVerifier: old, previousSetAt: secretSetAt, previousUntil: new Date(until) };
  await change('reset', { verifier: await hashPassword('newpass8'), secretSetAt: new Date(), ...previous });
  const after = await boundAs('reset', 'newpass8');
  const late = await client();
  expect(await bind(late, 'reset')).toBe(0);
  expect(before.session.state).toBe('bound_trx');

  await Promise.all([before.ended, late.ended]);
  const endedMs = Date.now() - until;
  expect(endedMs).toBeGreaterThanOrEqual(-50);
  expect(endedMs).toBeLessThan(withinMs);
  expect(after.session.state).toBe('bound_trx');
  expect(await bind(await client(), 'reset')).toBe(refused);
  await after.session.unbind();
}, 20_000);

test('a credential that expires ends its sessions within a second, though nobody tells', async () => {
  const bound = await client();
  expect(await bind(bound, 'expires')).toBe(0);
  const expiresAt = Date.now() + 1_500;
  await change('expires', { expiresAt: new Date(expiresAt) });
  await bound.ended;
  expect(Date.now() - expiresAt).toBeGreaterThanOrEqual(-50);
  expect(Date.now() - expiresAt).toBeLessThan(withinMs);
  expect(await bind(await client(), 'expires')).toBe(refused);
}, 20_000);

test('an imported hash: the first good bind has it upgraded, its session stays, and the same password binds again', async () => {
  const asked = createHeard<CredentialUpgrade>();
  await queue.answer<CredentialUpgrade>(credentialSubjects.upgrade, 'http-api', async (upgrade) => {
    await change(upgrade.credential, { verifier: upgrade.to });
    asked.hear(upgrade);
    return { upgraded: true };
  });
  expect(await bind(await client(), 'imported', 'Pwd2')).toBe(refused);
  const { verifier: from } = await database.credential.findUniqueOrThrow({ where: { id: 'imported' } });
  const bound = await client();
  expect(await bind(bound, 'imported', 'Pwd1')).toBe(0);
  const [upgrade] = await asked.until(() => true);
  expect(upgrade).toMatchObject({ credential: 'imported', from });
  expect([needsUpgrade(upgrade?.to ?? ''), await verifyPassword(upgrade?.to ?? '', 'Pwd1')]).toEqual([false, true]);

  const again = await client();
  expect(await bind(again, 'imported', 'Pwd1')).toBe(0);
  await change('imported', { sessions: 2 });
  await eventually('the ingress has seen a later change', async () => (await bind(await client(), 'imported', 'Pwd1')) === 0x05);
  expect([bound.session.state, again.session.state]).toEqual(['bound_trx', 'bound_trx']);
  for (const { session } of [bound, again]) await session.unbind();
}, 20_000);

// Last, as it stops the ingress: what was seen is told then at the latest.
test('who was let in is told, with the address; who was refused is not', async () => {
  const bound = await client();
  expect(await bind(bound)).toBe(0);
  await stopIngress?.();
  expect(used.all.map(({ credential }) => credential)).toEqual(expect.arrayContaining(['reset', 'imported', testTenant.smppCredential]));
  expect(new Set(used.all.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
}, 20_000);
