import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyMigrations } from '@heliograph/migrate';
import { startServers, type TestServers } from '@heliograph/testbed';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import { lookAtCertificates } from '../src/files.ts';
import type { Judged } from '../src/report.ts';
import { root, run } from '../src/run.ts';

let servers: TestServers;
let envFile: string;
const masterKey = randomBytes(32).toString('hex');
const open: Server[] = [];

beforeAll(async () => {
  servers = await startServers();
  envFile = join(servers.folder, '.env');
  const { dataOwners } = (await import(join(root, 'tools/launcher/src/owners.ts'))) as {
    dataOwners: { schema: string; migrations: string }[];
  };
  for (const { schema, migrations } of dataOwners) await applyMigrations(servers.databaseUrl, join(root, migrations), schema);
}, 120_000);
afterAll(async () => {
  for (const server of open) server.close();
  await servers?.stop();
});

async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

async function verify(settings: Record<string, string>, ...args: string[]) {
  const all = {
    MASTER_KEY: masterKey,
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    HELIOGRAPH_DATA: servers.folder,
    SMPP_PORT: '1',
    HTTP_PORT: '1',
    SMPP_TLS_PORT: '1',
    ...settings,
  };
  writeFileSync(
    envFile,
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  chmodSync(envFile, 0o600);
  const printed: string[] = [];
  const code = await run({
    args: ['--env-file', envFile, '--json', ...(args.length > 0 ? args : ['--addresses', '127.0.0.1'])],
    env: {},
    print: (text) => void printed.push(text),
    warn: (text) => void printed.push(text),
  });
  const { ok, checks } = JSON.parse(printed.join('')) as { ok: boolean; checks: Judged[] };
  return { code, ok, told: printed.join(''), of: (id: string) => checks.find((check) => check.id === id)! };
}

test('a stack on this machine passes, by its real servers, and nothing secret is told', async () => {
  const { code, ok, told, of } = await verify({});
  for (const id of ['postgres', 'migrations', 'nats', 'settings', 'file-modes']) expect(of(id)).toMatchObject({ id, result: 'pass' });
  expect({ code, ok }).toEqual({ code: 0, ok: true });
  for (const secret of [masterKey, new URL(servers.databaseUrl).password, new URL(servers.natsUrl).password])
    if (secret) expect(told).not.toContain(secret);
});

test('servers that are away or refuse fail, with exit code 1', async () => {
  const wrong = new URL(servers.databaseUrl);
  wrong.password = 'f'.repeat(8) + randomBytes(8).toString('hex');
  const { code, of } = await verify({ DATABASE_URL: wrong.href, NATS_URL: 'nats://u:p@127.0.0.1:1' });
  expect(code).toBe(1);
  expect(of('postgres').result).toBe('fail');
  expect(of('nats').result).toBe('fail');
});

test('a NATS server that lets everybody in fails', async () => {
  const port = await listening(
    createServer((socket) => {
      socket.write('INFO {"jetstream":true}\r\n');
      socket.on('data', (data) => String(data).includes('PING') && socket.write('PONG\r\n'));
    }),
  );
  expect((await verify({ NATS_URL: `nats://u:${masterKey}@127.0.0.1:${port}` })).of('nats')).toMatchObject({ result: 'fail' });
});

test('what is no NATS server, and one that says nothing, fail', async () => {
  const port = await listening(createServer((socket) => void socket.end('SSH-2.0\r\n')));
  expect((await verify({ NATS_URL: `nats://u:p@127.0.0.1:${port}` })).of('nats').findings[0]?.message).toContain('no NATS server');
});

test('a door that answers beyond loopback is found at the addresses that are tried', async () => {
  const port = await listening(
    createHttpServer((_, response) => response.writeHead(401).end()),
    '0.0.0.0',
  );
  // 0.0.0.0 stands for an address of this machine: nothing here leaves it
  const { of } = await verify(
    { HTTP_PORT: String(port), SMPP_PORT: String(port), HEALTH_PORT: String(port), HTTP_HOST: '0.0.0.0' },
    '--addresses',
    '0.0.0.0',
  );
  for (const id of ['http-tls', 'smpp-plain']) expect(of(id).result).toBe('fail');
  expect(of('health-ports').result).toBe('warn');
  expect(of('default-logins').result).toBe('pass');
});

test("a door that takes the demo's key is found", async () => {
  const port = await listening(createHttpServer((_, response) => response.writeHead(200).end('{}')));
  expect((await verify({ HTTP_PORT: String(port) })).of('default-logins').findings.filter(({ result }) => result === 'fail')).toHaveLength(
    2,
  );
});

describe('certificates', () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(servers.folder, name), text, { mode: 0o600 });
    return join(servers.folder, name);
  };
  const make = (days: number) =>
    generate([{ name: 'commonName', value: 'sms.example.com' }], { keyType: 'ec', notAfterDate: new Date(Date.now() + days * 86_400_000) });

  test('of a real file: self-signed is a warning, another key and a text that is none fail', async () => {
    const [one, other] = [await make(90), await make(90)];
    const cert = file('cert.pem', one.cert);
    const key = file('key.pem', one.private);
    expect((await verify({ HTTP_TLS_CERT_FILE: cert, HTTP_TLS_KEY_FILE: key })).of('certificates').result).toBe('warn');
    const wrong = file('other.pem', other.private);
    expect((await verify({ HTTP_TLS_CERT_FILE: cert, HTTP_TLS_KEY_FILE: wrong })).of('certificates').result).toBe('fail');
    expect((await verify({ HTTP_TLS_CERT_FILE: file('no.pem', 'no'), HTTP_TLS_KEY_FILE: key })).of('certificates').result).toBe('fail');
    const chain = file('chain.pem', one.cert + other.cert);
    expect(lookAtCertificates({ HTTP_TLS_CERT_FILE: chain, HTTP_TLS_KEY_FILE: key })[0]).toMatchObject({
      chainOk: false,
      keyMatches: true,
    });
  });

  test('a port that takes TLS 1.1 is found, one that does not passes', async () => {
    const { cert, private: key } = await make(90);
    const old = await listening(tls.createServer({ cert, key, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    const fresh = await listening(tls.createServer({ cert, key }));
    expect((await verify({ SMPP_TLS_PORT: String(old) })).of('tls-versions').result).toBe('fail');
    expect((await verify({ SMPP_TLS_PORT: String(fresh) })).of('tls-versions').result).toBe('pass');
  });
});

test.each([[['--profile', 'none']], [['--env-file', '/nowhere/.env']], [['--what']]])('%j is refused with exit code 2', async (args) => {
  expect(await run({ args, env: {}, print: () => undefined, warn: () => undefined })).toBe(2);
});
