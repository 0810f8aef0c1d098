import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import { readSessionKey, sessionPresence, sessionSubjects, type LiveSession, type SessionListAnswer } from '@heliograph/message';
import { openQueue, type Presence, type Queue } from '@heliograph/queue';
import { openRegistry } from '@heliograph/registry';
import { parseConfig, type Running } from '@heliograph/service';
import { commandStatus, encodePdu } from '@heliograph/smpp';
import { eventually, quietLog, seedTenant, startBank, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { bind, connect, open, secure, speak, submitStatus } from './client.ts';
import { seedCredentials } from './credentials.ts';

const { ESME_RALYBND, ESME_RBINDFAIL, ESME_RTHROTTLED } = commandStatus;

let servers: TestServers;
let queue: Queue;
let presence: Presence;
let running: Running[] = [];

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  await seedCredentials(
    servers.databaseUrl,
    {
      slow: { segmentsPerSecond: 0.5, burstSegments: 4 },
      walled: { allowIps: ['203.0.113.0/24', '2001:db8::/32'] },
      damaged: { allowIps: ['203.0.113.7'] },
      single: { sessions: 1 },
      'brisk-1': { tenantId: 'brisk' },
      'brisk-2': { tenantId: 'brisk' },
    },
    { brisk: { segmentsPerSecond: 2 } },
  );
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  presence = await queue.presence(sessionPresence);
  startBank(queue, 1_000_000_000n);
}, 60_000);

afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

afterAll(async () => {
  await queue?.close();
  await servers?.stop();
}, 30_000);

async function startIngress(settings: Record<string, string> = {}): Promise<{ plain: number; tls: number }> {
  const parsed = parseConfig(config, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    SMPP_PORT: '0',
    SMPP_TLS_PORT: '0',
    SMPP_TLS_DIR: join(servers.folder, 'tls'),
    ...settings,
  });
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  const ingress = await start({ name: 'smpp-ingress', instance: 'test', config: parsed.config, log: quietLog as never });
  running.push(ingress);
  return { plain: ingress.ports?.['smpp'] as number, tls: ingress.ports?.['smppTls'] as number };
}

const behindProxies = { SMPP_PROXY_NETWORKS: '127.0.0.0/8,::1' };
const from = (address: string): string => `PROXY ${address.includes(':') ? 'TCP6' : 'TCP4'} ${address} ${address} 40000 2775\r\n`;

/** What the ingress that has it says of a bound session. */
async function lookAt(credential: string): Promise<LiveSession | undefined> {
  const [key] = (await presence.list(credential)) ?? [];
  if (key === undefined) return undefined;
  const question = { tenant: testTenant.id };
  const answer = await queue.ask<SessionListAnswer>(sessionSubjects.list(readSessionKey(key).ingress), question, 1_000);
  return answer?.sessions.find((one) => one.credential === credential);
}

describe('throttling: ESME_RTHROTTLED (SMPP 3.4 §5.1.3), in segments', () => {
  it('of a session: its burst, then its pace; another session has its own', async () => {
    const { plain } = await startIngress();
    const [one, two] = [await connect(plain), await connect(plain)];
    expect([await bind(one, 'slow'), await bind(two, 'slow')]).toEqual([0, 0]);
    // a segment every 2 s: nothing of note comes while this runs
    expect([await submitStatus(one, 3), await submitStatus(one, 2), await submitStatus(one)]).toEqual([0, ESME_RTHROTTLED, 0]);
    expect(await submitStatus(one)).toBe(ESME_RTHROTTLED);
    expect(await submitStatus(two, 4)).toBe(0);
    await eventually('its turn', async () => (await submitStatus(one)) === 0);
  });

  it('of a tenant: all its sessions together', async () => {
    const { plain } = await startIngress();
    const [one, two] = [await connect(plain), await connect(plain)];
    expect([await bind(one, 'brisk-1'), await bind(two, 'brisk-2')]).toEqual([0, 0]);
    const answers = await Promise.all([one, two, one, two, one, two].map((client) => submitStatus(client)));
    expect(answers.filter((status) => status === 0)).toHaveLength(2);
    expect(answers.filter((status) => status === ESME_RTHROTTLED)).toHaveLength(4);
  });
});

describe('an allow-list of a credential', () => {
  it.each([
    ['203.0.113.9', 'walled', 0],
    ['2001:db8::9', 'walled', 0],
    ['198.51.100.9', 'walled', ESME_RBINDFAIL],
    ['2001:db9::9', 'walled', ESME_RBINDFAIL],
    ['198.51.100.9', testTenant.systemId, 0],
  ])('a bind from %s with %s: %i', async (address, systemId, status) => {
    const { plain } = await startIngress(behindProxies);
    expect(await bind(speak(await open(plain, from(address))), systemId)).toBe(status);
  });

  it('that no longer has the address of a session ends it', async () => {
    const { plain } = await startIngress(behindProxies);
    const client = speak(await open(plain, from('203.0.113.7')));
    expect(await bind(client, 'damaged')).toBe(0);
    const database = openRegistry(servers.databaseUrl, 1);
    await database.credential.update({ where: { id: 'damaged' }, data: { allowIps: ['203.0.113.8'] } });
    expect(await client.ended).toBe('peer_closed');
    await expect(database.credential.update({ where: { id: 'damaged' }, data: { allowIps: ['localhost'] } })).rejects.toThrow(/inet/);
    await database.$disconnect();
  });
});

test('failed binds lock out their network for that system id, and nobody else', async () => {
  const { plain } = await startIngress({ ...behindProxies, SMPP_BIND_FAILURES: '3' });
  const tryFrom = async (address: string, systemId: string, password?: string) =>
    bind(speak(await open(plain, from(address))), systemId, password);
  for (const host of [1, 2, 3]) expect(await tryFrom(`198.51.100.${host}`, 'acme', 'wrong')).toBe(ESME_RBINDFAIL);
  expect(await tryFrom('198.51.100.99', 'acme')).toBe(ESME_RBINDFAIL);
  expect(await tryFrom('203.0.113.1', 'acme')).toBe(0);
  expect(await tryFrom('198.51.100.99', 'slow')).toBe(0);
});

describe('the PROXY protocol', () => {
  it.each([
    ['version 1', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 2775\r\n'), '192.0.2.1', 56324],
    ['version 2', Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c6336407dc040ad7', 'hex'), '192.0.2.1', 56324],
    [
      'version 2 over IPv6',
      Buffer.from('0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000100000000000000000000000000000001dc040ad7', 'hex'),
      '2001:db8::1',
      56324,
    ],
  ])(
    '%s from a trusted address: the session has the address that it says, plain and over TLS, however it is cut',
    async (_, header, address, port) => {
      const ports = await startIngress(behindProxies);
      const whole = speak(await open(ports.plain, header));
      expect(await bind(whole)).toBe(0);
      expect(await lookAt(testTenant.smppCredential)).toMatchObject({ address, port, tls: false });
      await whole.session.unbind();
      await eventually('the session gone', async () => !(await lookAt(testTenant.smppCredential)));

      const socket = await open(ports.tls);
      for (const octet of header) {
        socket.write(Buffer.from([octet]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await bind(speak(await secure(socket)))).toBe(0);
      expect(await lookAt(testTenant.smppCredential)).toMatchObject({ address, port, tls: true });
    },
  );

  it('a header and a bind in one piece: both are read', async () => {
    const { plain } = await startIngress(behindProxies);
    const request = encodePdu({
      command: 'bind_transceiver',
      sequence: 1,
      system_id: 'acme',
      password: testTenant.password,
      interface_version: 0x34,
    });
    const socket = await open(plain, Buffer.concat([Buffer.from(from('192.0.2.1')), request]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect([answer.readUInt32BE(4), answer.readUInt32BE(8)]).toEqual([0x80000009, 0]);
    socket.destroy();
  });

  it('without an address (a health check) the session has the address of the balancer', async () => {
    const { plain } = await startIngress(behindProxies);
    expect(await bind(speak(await open(plain, 'PROXY UNKNOWN\r\n')))).toBe(0);
    expect(await lookAt(testTenant.smppCredential)).toMatchObject({ address: '127.0.0.1' });
  });

  it('from an address that is not trusted a header is garbage: one generic_nack, then closed', async () => {
    const { plain } = await startIngress({ SMPP_PROXY_NETWORKS: '192.0.2.0/24' });
    const socket = await open(plain, from('203.0.113.9'));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString('hex')).toMatch(/^0000001080000000.{16}$/);
  });

  it.each([
    ['no header', encodePdu({ command: 'enquire_link', sequence: 1 })],
    ['a header that cannot be read', Buffer.from('PROXY TCP4 me you 1 2\r\n')],
    ['half a header and no more', Buffer.from('PROXY TCP4 192.0.2.1')],
  ])('from a trusted address %s: closed without a word', async (_, octets) => {
    const { plain } = await startIngress({ ...behindProxies, SMPP_SESSION_INIT: '300ms' });
    const socket = await open(plain, octets);
    let said = 0;
    socket.on('data', (chunk: Buffer) => (said += chunk.length));
    await once(socket, 'close');
    expect(said).toBe(0);
  });

  it('a network that cannot be read is said at the start', () => {
    const parsed = parseConfig(config, { DATABASE_URL: 'postgres://x/y', NATS_URL: 'nats://x', SMPP_PROXY_NETWORKS: '10.0.0.0/33' });
    expect(parsed).toMatchObject({ ok: false, errors: [expect.stringContaining('SMPP_PROXY_NETWORKS')] });
  });
});

test('with client authorities, TLS lets in only certificates of theirs', async () => {
  const [ours, theirs] = await Promise.all(
    ['client', 'stranger'].map((value) =>
      selfsigned.generate([{ name: 'commonName', value }], { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' }),
    ),
  );
  if (!ours || !theirs) throw new Error('no certificates');
  const file = join(servers.folder, 'client-ca.pem');
  writeFileSync(file, ours.cert);
  const { tls } = await startIngress({ SMPP_TLS_CLIENT_CA_FILE: file });
  const bindWith = async (identity: object) => {
    try {
      return await bind(speak(await secure(await open(tls), identity)));
    } catch {
      return 'no handshake';
    }
  };
  expect(await bindWith({ cert: ours.cert, key: ours.private })).toBe(0);
  // TLS 1.3: the client has finished before the server has seen its certificate
  expect(await bindWith({ cert: theirs.cert, key: theirs.private })).toMatch(/closed|no handshake/);
  expect(await bindWith({})).toMatch(/closed|no handshake/);
});

test('connections are counted from their first moment until they are gone, also over TLS', async () => {
  const { tls } = await startIngress({ SMPP_CONNECTIONS_MAX: '2' });
  const silent = await open(tls);
  const secured = await secure(await open(tls));
  const refused = await open(tls);
  await once(refused, 'close');
  secured.destroy();
  silent.destroy();
  await eventually('a free place', async () => {
    try {
      (await secure(await open(tls))).destroy();
      return true;
    } catch {
      return false;
    }
  });
});

test('as many sessions as the credential may have, and the next is ESME_RALYBND', async () => {
  const { plain } = await startIngress();
  const first = await connect(plain);
  expect([await bind(first, 'single'), await bind(await connect(plain), 'single')]).toEqual([0, ESME_RALYBND]);
  await first.session.unbind();
  await eventually('the place is free', async () => (await bind(await connect(plain), 'single')) === 0);
});
