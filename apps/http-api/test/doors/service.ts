import { expect } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { hashPassword, newApiKey } from '@heliograph/credential';
import { done, leaseSubjects, type LeaseAnswer, type LeaseQuestion, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import {
  credentialDefaults,
  openRegistry,
  putCredential,
  putPricePlan,
  putRoute,
  putSmppConnector,
  putTenant,
  registryChanged,
  smppConnectorSettings,
  type Credential,
  type RegistryDatabase,
} from '@heliograph/registry';
import { createLog, readConfig } from '@heliograph/service';
import { createHeard, quietLog, startServers, type Heard } from '@heliograph/testbed';
import { config as schema } from '../../src/config.ts';
import { start } from '../../src/start.ts';

/** Tenants; all let secrets be parameters but `careful`. The bank has nothing for `poor` and never answers about `unlucky`; `hasty` has a pace. */
const tenants = ['acme', 'other', 'poor', 'hasty', 'unlucky', 'careful'] as const;

const holders = {
  admin: { tenantId: 'acme', role: 'tenant-admin' },
  user: { tenantId: 'acme', role: 'tenant-user' },
  device: { tenantId: 'acme', role: 'device' },
  other: { tenantId: 'other', role: 'tenant-admin' },
  poor: { tenantId: 'poor', role: 'tenant-user' },
  hasty: { tenantId: 'hasty', role: 'tenant-user' },
  unlucky: { tenantId: 'unlucky', role: 'tenant-user' },
  careful: { tenantId: 'careful', role: 'tenant-user' },
  operator: { tenantId: '', role: 'operator-admin' },
} as const;
export type Holder = keyof typeof holders;

export const keys = Object.fromEntries(Object.keys(holders).map((holder) => [holder, newApiKey()])) as Record<
  Holder,
  ReturnType<typeof newApiKey>
>;

/** Of tenant acme, as a tenant-user. */
export const person = { login: 'anna', password: 'correct horse battery' } as const;

/** Served by a route and with a price; +32 has a route and no price, +49 neither. */
export const to = '+31612345678';

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  readonly body: any;
}

export interface DoorService {
  readonly queue: Queue;
  readonly registry: RegistryDatabase;
  readonly base: string;
  readonly submitted: Heard<MessageSubmitted>;
  /** All that it has logged, at every level. */
  readonly lines: readonly string[];
  call(method: string, path: string, options?: { headers?: Record<string, string>; body?: string | Uint8Array }): Promise<Called>;
  /** Tells everybody. */
  putCredential(credential: Parameters<typeof putCredential>[1]): Promise<void>;
  stop(): Promise<void>;
}

/** http-api with its doors on real servers and a real message-log; billing-credits is a stand-in. */
export async function startDoorService({ history = false } = {}): Promise<DoorService> {
  const servers = await startServers({ schemas: ['registry', 'http_api', 'message_log'], syncAlways: false });
  const registry = openRegistry(servers.databaseUrl, 2);
  await seed(registry);
  const queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  await actAsBilling(queue);
  const submitted = createHeard<MessageSubmitted>();
  await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    eventsInFlightMax: 1_000,
    async handle({ event }) {
      if (event.type === 'message.submitted') submitted.hear(event);
      return done();
    },
  });
  const messageLog = history ? await startMessageLog(servers) : undefined;
  const lines: string[] = [];
  const log = createLog({ name: 'http-api', level: 'trace', instance: 'test', destination: { write: (line) => void lines.push(line) } });
  const config = readConfig(schema, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    HTTP_PORT: '0',
    MASTER_KEY: 'a5'.repeat(32),
  });
  const service = await start({ name: 'http-api', instance: 'test', config, log });
  const base = `http://127.0.0.1:${service.ports?.['http']}`;

  return {
    queue,
    registry,
    base,
    submitted,
    lines,
    async call(method, path, { headers = {}, body } = {}) {
      const response = await fetch(base + path, { method, headers, body: (body as string) ?? null, redirect: 'manual' });
      const text = await response.text();
      expectOfDoor(response, text);
      return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
    },
    async putCredential(credential) {
      await putCredential(registry, credential);
      queue.broadcast(registryChanged, {});
    },
    async stop() {
      await service.stop();
      if (messageLog?.kill('SIGTERM') && messageLog.exitCode === null) await once(messageLog, 'exit');
      await queue.close();
      await registry.$disconnect();
      await servers.stop();
    },
  };
}

/** What holds of every answer of a door. */
function expectOfDoor(response: Response, text: string): void {
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response.headers.get('x-request-id')).toBeTruthy();
  expect(text).not.toMatch(/\bat .*\.[tj]s|select|prisma|node_modules|\/problems\//i);
}

export function form(fields: Record<string, string>): { headers: Record<string, string>; body: string } {
  return { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() };
}

export function json(fields: object): { headers: Record<string, string>; body: string } {
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) };
}

async function seed(registry: RegistryDatabase): Promise<void> {
  const prices = [{ prefix: '31', microCreditsPerSegment: 1_000_000n }];
  await putPricePlan(registry, { id: 'plan', name: 'Plan', refunds: [], prices });
  const settings = smppConnectorSettings.parse({ host: '127.0.0.1', port: 1 });
  await putSmppConnector(registry, { id: 'north', groupId: 'north', enabled: true, settings, secret: '' });
  for (const prefix of ['31', '32']) await putRoute(registry, { id: `to-${prefix}`, prefix, connectorId: 'north' });
  for (const id of tenants) {
    const segmentsPerSecond = id === 'hasty' ? 0.5 : 0;
    await putTenant(registry, { id, name: id, pricePlanId: 'plan', segmentsPerSecond, parameterSecrets: id !== 'careful' });
  }
  for (const [holder, { tenantId, role }] of Object.entries(holders)) {
    const { lookupId, digest } = keys[holder as Holder];
    const common = { ...credentialDefaults, tenantId, role };
    await putCredential(registry, { ...common, id: `${holder}-key`, kind: 'api_key', login: lookupId, verifier: digest });
    // the same secret, so that a test needs one for each holder
    if (tenantId !== '') await putCredential(registry, smsUser(holder as Holder));
  }
  const verifier = await hashPassword(person.password);
  await putCredential(registry, { ...credentialDefaults, id: 'anna', tenantId: 'acme', kind: 'person', login: person.login, verifier });
}

export function smsUser(holder: Holder): Pick<Credential, 'id' | 'tenantId' | 'kind' | 'login' | 'verifier'> & Partial<Credential> {
  const common = { ...credentialDefaults, ...holders[holder] };
  return { ...common, id: `${holder}-sms`, kind: 'sms_user', login: `sms_${holder}`, verifier: keys[holder].digest };
}

/** billing-credits is another app; what it says on the wire is all that counts here. */
async function actAsBilling(queue: Queue): Promise<void> {
  await queue.answer<LeaseQuestion>(leaseSubjects.grant, 'billing', ({ tenant, wantMicroCredits }): LeaseAnswer | Promise<LeaseAnswer> => {
    if (tenant === 'unlucky') return new Promise<LeaseAnswer>(() => {});
    return tenant === 'poor'
      ? { kind: 'no_credit' }
      : { kind: 'granted', lease: `lease-${tenant}`, microCredits: wantMicroCredits, expiresAtMs: Date.now() + 60_000 };
  });
  await queue.answer(leaseSubjects.giveBack, 'billing', () => ({}));
}

async function startMessageLog({ databaseUrl, natsUrl }: { databaseUrl: string; natsUrl: string }) {
  const child = fork(join(import.meta.dirname, '../../../message-log/src/main.ts'), {
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, NATS_URL: natsUrl, LOG_LEVEL: 'error', GATHER_MS: '20ms' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}
