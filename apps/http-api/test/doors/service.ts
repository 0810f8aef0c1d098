import { expect } from '@jest/globals';
import { hashPassword, newApiKey } from '@heliograph/credential';
import { leaseSubjects, type LeaseAnswer, type LeaseQuestion, type MessageSubmitted } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import {
  credentialDefaults,
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
import type { Heard } from '@heliograph/testbed';
import { startApp } from '../app-process.ts';
import { hearSubmitted, openApi } from '../api.ts';

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
  const api = await openApi({ schemas: ['registry', 'http_api', 'message_log'], withTenant: false });
  const { database: registry, queue } = api;
  await seed(registry);
  await actAsBilling(queue);
  const submitted = await hearSubmitted(queue);
  if (history) api.alsoStop((await startApp('message-log', api.servers)).end);
  await api.start();
  const base = api.url('');

  return {
    queue,
    registry,
    base,
    submitted,
    lines: api.lines,
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
    stop: api.stop,
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
