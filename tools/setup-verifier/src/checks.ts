import { isIP } from 'node:net';
import type { CertificateFacts, Facts, Settings } from './facts.ts';
import { weakness } from './strength.ts';

export type Result = 'pass' | 'warn' | 'fail';

export interface Finding {
  readonly result: Result;
  readonly message: string;
}

export interface Check {
  readonly id: string;
  readonly title: string;
  /** No finding: nothing to look at here. */
  look(facts: Facts): readonly Finding[];
}

const day = 24 * 3600 * 1000;
const expiryWarnDays = 30;

/** Everything that is looked at, in the order of the list. */
export const checks: readonly Check[] = [
  { id: 'settings', title: 'every service can read its settings', look: lookAtSettings },
  {
    id: 'master-key',
    title: 'MASTER_KEY is random',
    look: ({ settings }) => strength(settings, 'MASTER_KEY', settings['MASTER_KEY'], { optional: false }),
  },
  { id: 'operator-key', title: 'the first operator has a key of his own', look: lookAtOperatorKey },
  { id: 'server-passwords', title: 'passwords of PostgreSQL and NATS are strong', look: lookAtServerPasswords },
  { id: 'file-modes', title: 'files with secrets are for their owner only', look: lookAtFileModes },
  {
    id: 'certificates',
    title: 'certificates are readable, complete, in time and fit their keys',
    look: ({ certificates, now }) => certificates.flatMap((one) => lookAtCertificate(one, now)),
  },
  { id: 'tls-versions', title: 'TLS 1.1 and older are refused', look: lookAtTlsVersions },
  { id: 'http-tls', title: 'HTTP has TLS wherever it can be reached', look: lookAtHttp },
  { id: 'smpp-plain', title: 'SMPP without TLS cannot be reached from outside', look: lookAtPlainSmpp },
  { id: 'health-ports', title: 'health and metrics ports cannot be reached from outside', look: lookAtHealth },
  { id: 'default-logins', title: 'no login that everybody knows is accepted', look: lookAtLogins },
  { id: 'webhooks', title: 'webhooks reach no private address', look: lookAtWebhooks },
  { id: 'postgres', title: 'PostgreSQL is reachable, asks for a password, and has TLS unless it is here', look: lookAtDatabase },
  { id: 'migrations', title: 'migrations are up to date', look: lookAtMigrations },
  { id: 'nats', title: 'NATS is reachable, asks for a password, and has TLS unless it is here', look: lookAtNats },
];

function lookAtSettings({ settingErrors }: Facts): Finding[] {
  return settingErrors.length === 0 ? [pass('all of them')] : settingErrors.map(fail);
}

function strength(settings: Settings, name: string, value: string | undefined, { optional }: { optional: boolean }): Finding[] {
  if (value === undefined || value === '') return optional ? [] : [fail(`${name} is not set`)];
  const weak = weakness(value, settings);
  return [weak === undefined ? pass(name) : fail(`${name} ${weak}; npm run keys makes another`)];
}

function lookAtOperatorKey({ settings, demo }: Facts): Finding[] {
  const digest = settings['OPERATOR_KEY_DIGEST'];
  if (!digest) return [pass('none: operators are in the database')];
  const weak = weakness(digest, settings);
  return [weak === undefined ? pass('OPERATOR_KEY_DIGEST') : failUnlessDemo(demo, `OPERATOR_KEY_DIGEST ${weak}`)];
}

function lookAtServerPasswords({ settings, demo }: Facts): Finding[] {
  return ['DATABASE_URL', 'NATS_URL'].flatMap((name) =>
    urlsOf(settings[name]).flatMap(({ host, password, username }) => {
      if (password === '') return [failUnlessDemo(demo, `${name} has no password for ${host}`)];
      const weak = password === username ? 'is the user name' : weakness(password, settings);
      return [weak === undefined ? pass(`${name} for ${host}`) : failUnlessDemo(demo, `the password in ${name} for ${host} ${weak}`)];
    }),
  );
}

function lookAtFileModes({ secretFiles }: Facts): Finding[] {
  return secretFiles.map(({ path, what, mode }) => {
    if (mode === undefined) return warn(`${what}: ${path} cannot be looked at`);
    return (mode & 0o077) === 0
      ? pass(path)
      : fail(`${what}: ${path} has mode ${mode.toString(8).padStart(4, '0')}: others may read it (chmod 600)`);
  });
}

function lookAtCertificate({ what, certFile, keyFile, leaf, chainOk, keyMatches, error }: CertificateFacts, now: Date): Finding[] {
  if (!leaf) return [fail(`${what}: ${error ?? 'no certificate'}`)];
  const leftDays = Math.floor((leaf.validTo.getTime() - now.getTime()) / day);
  const found = [
    !keyMatches && fail(`${what}: ${keyFile} is not the key of ${certFile}`),
    leaf.validFrom > now && fail(`${what}: ${certFile} is not valid before ${dateOf(leaf.validFrom)}`),
    leaf.validTo <= now && fail(`${what}: ${certFile} expired on ${dateOf(leaf.validTo)}`),
    leaf.validTo > now && leftDays < expiryWarnDays && warn(`${what}: ${certFile} expires in ${leftDays} days, on ${dateOf(leaf.validTo)}`),
    !chainOk && fail(`${what}: the chain in ${certFile} is broken: each certificate must be signed by the next`),
    leaf.selfSigned && warn(`${what}: ${certFile} is self-signed: clients must be given it`),
  ].filter((finding) => finding !== false);
  return found.length > 0 ? found : [pass(`${what}: ${certFile}, until ${dateOf(leaf.validTo)}`)];
}

function lookAtTlsVersions({ ports }: Facts): Finding[] {
  return ports.flatMap(({ what, address, port, takesOldTls }) =>
    takesOldTls === undefined
      ? []
      : [takesOldTls ? fail(`${what} at ${address}:${port} takes TLS 1.1 or older`) : pass(`${what} at ${address}:${port}`)],
  );
}

function lookAtHttp({ settings, ports, tlsProxy, demo }: Facts): Finding[] {
  if (settings['HTTP_TLS_CERT_FILE']) return [pass('HTTP_TLS_CERT_FILE')];
  const host = settings['HTTP_HOST'] ?? '127.0.0.1';
  if (tlsProxy) return [pass('a proxy in front has it (--tls-proxy)')];
  const reached = ports.filter(({ what, loopback, answers }) => what === 'HTTP' && !loopback && answers);
  if (isLoopback(host) && reached.length === 0) return [pass(`only at ${host}`)];
  const where = reached.map(({ address, port }) => `${address}:${port}`).join(', ') || host;
  return [
    failUnlessDemo(demo, `keys go over the network in clear at ${where}: set HTTP_TLS_CERT_FILE, or say --tls-proxy when one is in front`),
  ];
}

function lookAtPlainSmpp({ settings, ports, demo }: Facts): Finding[] {
  const hosts = listOf(settings['SMPP_HOSTS'] ?? '127.0.0.1');
  const reached = ports
    .filter(({ what, loopback, answers }) => what === 'SMPP' && !loopback && answers)
    .map(({ address, port }) => `${address}:${port}`);
  const meant = /^(false|no|off|0)$/i.test(settings['SMPP_PLAIN'] ?? '') ? [] : hosts.filter((host) => !isLoopback(host));
  if (reached.length + meant.length === 0) return [pass('loopback only')];
  return [
    failUnlessDemo(
      demo,
      `passwords and messages go over the network in clear at ${[...new Set([...reached, ...meant])].join(', ')}: SMPP_PLAIN=false, or SMPP_HOSTS=127.0.0.1`,
    ),
  ];
}

function lookAtHealth({ settings, ports }: Facts): Finding[] {
  const host = settings['HEALTH_HOST'] ?? '127.0.0.1';
  const reached = ports.filter(({ what, loopback, answers }) => what === 'health' && !loopback && answers);
  if (isLoopback(host) && reached.length === 0) return [pass(`only at ${host}`)];
  const where = reached.map(({ address, port }) => `${address}:${port}`).join(', ') || host;
  // in a cluster the kubelet and Prometheus come from outside
  return [warn(`/metrics and /ready are at ${where}: let only your own network reach them`)];
}

function lookAtLogins({ logins, demo }: Facts): Finding[] {
  return logins.flatMap(({ what, result }) => {
    if (result === 'not tried') return [];
    return [result === 'refused' ? pass(what) : failUnlessDemo(demo, `${what} is accepted`)];
  });
}

function lookAtWebhooks({ settings, demo }: Facts): Finding[] {
  const allowed = /^(true|yes|on|1)$/i.test(settings['ALLOW_PRIVATE_WEBHOOKS'] ?? '');
  return [
    allowed ? failUnlessDemo(demo, 'ALLOW_PRIVATE_WEBHOOKS lets tenants reach your inner network') : pass('ALLOW_PRIVATE_WEBHOOKS is off'),
  ];
}

function lookAtDatabase({ database, demo }: Facts): Finding[] {
  if (!database) return [fail('DATABASE_URL is not set')];
  const { host, error, loopback, tls, takesAnyPassword } = database;
  if (error !== undefined) return [fail(`${host}: ${error}`)];
  return [
    takesAnyPassword ? failUnlessDemo(demo, `${host} takes any password: see pg_hba.conf`) : pass(`${host} asks for the password`),
    tls || loopback
      ? pass(tls ? `${host} has TLS` : `${host} is on this machine`)
      : fail(`${host} is reached without TLS: add sslmode=verify-full to DATABASE_URL`),
  ];
}

function lookAtMigrations({ database }: Facts): Finding[] {
  if (!database || database.error !== undefined) return [];
  const { pendingMigrations: pending, brokenMigrations: broken } = database;
  const found = [
    ...broken.map((one) => fail(`${one} was edited after it was applied, or never finished`)),
    ...pending.map((one) => fail(`${one} is not applied`)),
  ];
  return found.length > 0 ? found : [pass('all are applied')];
}

function lookAtNats({ nats, demo }: Facts): Finding[] {
  if (nats.length === 0) return [fail('NATS_URL is not set')];
  return nats.flatMap(({ host, error, loopback, tls, jetStream, open }) => {
    if (error !== undefined) return [fail(`${host}: ${error}`)];
    return [
      open ? failUnlessDemo(demo, `${host} lets everybody in without a password`) : pass(`${host} asks for the password`),
      ...(jetStream ? [] : [fail(`${host} has no JetStream`)]),
      tls || loopback ? pass(tls ? `${host} has TLS` : `${host} is on this machine`) : fail(`${host} is reached without TLS`),
    ];
  });
}

export interface ServerUrl {
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly protocol: string;
}

/** Of one or several URLs, separated by commas; what is no URL is left out. */
export function urlsOf(text: string | undefined): ServerUrl[] {
  return (text ?? '').split(',').flatMap((one) => {
    if (!URL.canParse(one)) return [];
    const { hostname, port, username, password, protocol } = new URL(one);
    const bare = hostname.replace(/^\[|\]$/g, '');
    const number = Number(port || (protocol.startsWith('postgres') ? 5432 : 4222));
    return [
      {
        host: `${hostname}:${number}`,
        hostname: bare,
        port: number,
        username: decodeURIComponent(username),
        password: decodeURIComponent(password),
        protocol,
      },
    ];
  });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function pass(message: string): Finding {
  return { result: 'pass', message };
}

function warn(message: string): Finding {
  return { result: 'warn', message };
}

function fail(message: string): Finding {
  return { result: 'fail', message };
}

function failUnlessDemo(demo: boolean, message: string): Finding {
  return demo ? warn(message) : fail(message);
}
