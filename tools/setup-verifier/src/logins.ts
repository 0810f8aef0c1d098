import { deriveSecret } from '@heliograph/credential';
import { createSession } from '@heliograph/smpp';
import { once } from 'node:events';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import type { LoginFacts, Settings } from './facts.ts';

const waitMsMax = 5_000;

/** System ids and passwords of manuals and contracts. One try each: far from the lockout of smpp-ingress. */
const wellKnown: readonly (readonly [systemId: string, password: string])[] = [
  ['demo', 'demo'],
  ['smppclient1', 'password'],
  ['Test1', 'Pwd1'],
  ['Test2', 'Pwd2'],
];

/** Tries the logins that everybody knows, and the demo's, which follow from the master key, at this machine's doors. */
export async function lookAtLogins(settings: Settings): Promise<LoginFacts[]> {
  const masterKey = /^[0-9a-f]{64}$/i.test(settings['MASTER_KEY'] ?? '') ? Buffer.from(settings['MASTER_KEY'] as string, 'hex') : undefined;
  const demoPassword = masterKey && deriveSecret(masterKey, 'demo smpp password', 6);
  const binds = [...wellKnown, ...(demoPassword === undefined ? [] : [['demo', demoPassword] as const])];
  const keys = ['demo api key', 'demo operator key'].map((label) => ({
    label,
    key: masterKey && deriveSecret(masterKey, label, 32, 'hex'),
  }));
  return [
    ...(await Promise.all(
      keys.map(async ({ label, key }) => ({
        what: `the ${label.replace('api', 'API')}`,
        result: key ? await tryKey(settings, key) : ('not tried' as const),
      })),
    )),
    ...(await Promise.all(
      binds.map(async ([systemId, password]) => {
        const what = password === demoPassword ? "the demo's SMPP password" : `SMPP ${systemId} with the password ${password}`;
        return { what, result: await tryBind(settings, systemId, password) };
      }),
    )),
  ];
}

/** Any answer but 401 says that the key is known. The certificate is looked at elsewhere. */
function tryKey(settings: Settings, key: string): Promise<LoginFacts['result']> {
  const secure = Boolean(settings['HTTP_TLS_CERT_FILE']);
  const options = {
    host: doorAt(settings['HTTP_HOST']),
    port: Number(settings['HTTP_PORT'] || 8080),
    path: '/v1/balance',
    timeout: waitMsMax,
    headers: { authorization: `Bearer ${key}` },
  };
  return new Promise((resolve) => {
    const request = secure ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 401 ? 'refused' : 'accepted');
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve('not tried'));
    request.end();
  });
}

async function tryBind(settings: Settings, systemId: string, password: string): Promise<LoginFacts['result']> {
  const plain = !/^(false|no|off|0)$/i.test(settings['SMPP_PLAIN'] ?? '');
  const host = doorAt(settings[plain ? 'SMPP_HOSTS' : 'SMPP_TLS_HOSTS']);
  const port = Number((plain ? settings['SMPP_PORT'] : settings['SMPP_TLS_PORT']) || (plain ? 2775 : 2776));
  const socket = plain ? net.connect({ host, port }) : tls.connect({ host, port, rejectUnauthorized: false });
  try {
    await once(socket, plain ? 'connect' : 'secureConnect', { signal: AbortSignal.timeout(waitMsMax) });
  } catch {
    socket.destroy();
    return 'not tried';
  }
  const timers = { sessionInitMs: waitMsMax, enquireLinkMs: 0, inactivityMs: 0, responseMs: waitMsMax };
  const session = createSession({
    socket,
    role: 'esme',
    timers,
    windowMax: 1,
    receiveWindowMax: 1,
    onRequest: (_, reply) => void reply.ok(),
    onClose: () => undefined,
  });
  const outcome = await session.bind({ command: 'bind_transmitter', system_id: systemId, password, interface_version: 0x34 });
  socket.destroy();
  if (outcome.kind !== 'response') return 'not tried';
  return outcome.pdu.status === 0 ? 'accepted' : 'refused';
}

/** Where a door that listens there is reached from this machine. */
function doorAt(hosts: string | undefined): string {
  const first = (hosts ?? '').split(',')[0]?.trim();
  return !first || first === '0.0.0.0' || first === '::' ? '127.0.0.1' : first;
}
