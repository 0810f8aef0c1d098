import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import { hashPassword, newApiKey } from '@heliograph/credential';
import { putCredential, putTenant } from '@heliograph/registry';
import { createSession, type Session } from '@heliograph/smpp';
import { eventually, testTenant } from '@heliograph/testbed';
import type { z } from 'zod';
import { problemDetails } from '../src/http/schema.ts';
import { sessionList } from '../src/sessions/schema.ts';
import { openApi, putKey, type Api } from './api.ts';
import { startApp, type AppProcess } from './app-process.ts';

/** smpp-ingress is another app: two of its processes, as pods would be. */
let api: Api;
let ingresses: AppProcess[] = [];
const other = newApiKey();

beforeAll(async () => {
  api = await openApi({ schemas: ['registry'] });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, other, { id: 'other-api', tenantId: 'other', role: 'tenant-admin' });
  const verifier = await hashPassword(testTenant.password);
  await putCredential(api.database, { id: 'other-smpp', tenantId: 'other', kind: 'smpp', login: 'other', verifier });
  ingresses = await Promise.all([startApp('smpp-ingress', api.servers), startApp('smpp-ingress', api.servers)]);
  for (const ingress of ingresses) api.alsoStop(() => ingress.end('SIGKILL'));
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

async function bind(ingress: number, command: 'bind_transmitter' | 'bind_receiver' | 'bind_transceiver', systemId: string) {
  const socket = net.connect(ingresses[ingress]?.ports.smpp as number, '127.0.0.1');
  await once(socket, 'connect');
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const session: Session = createSession({
    socket,
    role: 'esme',
    timers: { sessionInitMs: 5_000, enquireLinkMs: 60_000, inactivityMs: 60_000, responseMs: 5_000 },
    windowMax: 10,
    receiveWindowMax: 10,
    onRequest: (_, reply) => void reply.ok(),
    onClose: ({ code }) => resolve(code),
  });
  const outcome = await session.bind({ command, system_id: systemId, password: testTenant.password, interface_version: 0x34 });
  expect(outcome).toMatchObject({ kind: 'response', pdu: { status: 0 } });
  return { session, ended };
}

const call = (method: string, path: string, key: string = testTenant.apiKey): Promise<Response> =>
  api.ask(method, path, undefined, { key });

async function listed(key?: string): Promise<z.infer<typeof sessionList>['sessions']> {
  const answer = await call('GET', '/v1/sessions', key);
  expect(answer.status).toBe(200);
  return sessionList.parse(await answer.json()).sessions;
}

describe('GET /v1/sessions', () => {
  it("200: the tenant's own, from every ingress, as they are now", async () => {
    expect(await listed()).toEqual([]);
    const one = await bind(0, 'bind_transmitter', testTenant.systemId);
    const two = await bind(1, 'bind_receiver', testTenant.systemId);
    const theirs = await bind(1, 'bind_transceiver', 'other');
    const sessions = await listed();
    expect(sessions).toMatchObject([
      { systemId: 'acme', bindType: 'transmitter', interfaceVersion: 0x34, address: '127.0.0.1', tls: false, submitWindow: { open: 0 } },
      { systemId: 'acme', bindType: 'receiver', deliverWindow: { open: 0 }, counters: { pdusIn: 1, pdusOut: 1 } },
    ]);
    expect(sessions.every(({ since }) => Math.abs(Date.parse(since) - Date.now()) < 20_000)).toBe(true);
    expect(await listed(other.key)).toMatchObject([{ systemId: 'other', bindType: 'transceiver' }]);
    await Promise.all([one, two, theirs].map(({ session }) => session.unbind()));
    await eventually('nobody', async () => (await listed()).length === 0);
  });

  it('401: without a key', async () => {
    expect((await call('GET', '/v1/sessions', '')).status).toBe(401);
  });
});

describe('DELETE /v1/sessions/{id}', () => {
  it('204: the session is unbound, wherever it is', async () => {
    const { ended } = await bind(1, 'bind_transceiver', testTenant.systemId);
    const [session] = await listed();
    const answer = await call('DELETE', `/v1/sessions/${session?.id}`);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(await ended).toBe('unbound');
    await eventually('it is gone', async () => (await call('DELETE', `/v1/sessions/${session?.id}`)).status === 404);
  });

  it.each(['nonsense', '00000000-0000-4000-8000-000000000000', '%2e%3e', '>'])('404: %s', async (id) => {
    const answer = await call('DELETE', `/v1/sessions/${id}`);
    expect([answer.status, problemDetails.parse(await answer.json()).type]).toEqual([404, '/problems/not_found']);
  });

  it("404: another tenant's, which goes on", async () => {
    const { session } = await bind(0, 'bind_transceiver', 'other');
    const [theirs] = await listed(other.key);
    expect((await call('DELETE', `/v1/sessions/${theirs?.id}`)).status).toBe(404);
    expect((await listed(other.key)).map(({ id }) => id)).toEqual([theirs?.id]);
    await session.unbind();
  });

  it('503: its ingress has just been killed; it is not listed any more', async () => {
    const { ended } = await bind(0, 'bind_transceiver', testTenant.systemId);
    const [session] = await listed();
    ingresses[0]?.child.kill('SIGKILL');
    await ended;
    const answer = await call('DELETE', `/v1/sessions/${session?.id}`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await listed()).toEqual([]);
  });
});
