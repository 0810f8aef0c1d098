import { deriveSecret, digestApiKey, newApiKey } from '@heliograph/credential';
import { describe, expect, it } from '@jest/globals';
import { checks, isLoopback, urlsOf } from './checks.ts';
import type { CertificateFacts, DatabaseFacts, Facts, NatsFacts, PortFacts } from './facts.ts';
import { judge, reportText } from './report.ts';
import { weakness } from './strength.ts';

const masterKey = newApiKey().key;
const password = '3b1f0a9cd27e46588c14e02f';
const leaf = { subject: 'CN=sms.example.com', validFrom: new Date('2026-10-01'), validTo: new Date('2027-01-20'), selfSigned: false };
const certificate: CertificateFacts = {
  what: 'HTTP',
  certFile: 'cert.pem',
  keyFile: 'key.pem',
  leaf,
  chainOk: true,
  keyMatches: true,
  error: undefined,
};
const port: PortFacts = { what: 'SMPP', address: '127.0.0.1', port: 2775, loopback: true, answers: true, takesOldTls: undefined };
const database: DatabaseFacts = {
  host: 'db:5432',
  loopback: false,
  error: undefined,
  tls: true,
  takesAnyPassword: false,
  pendingMigrations: [],
  brokenMigrations: [],
};
const nats: NatsFacts = { host: 'nats:4222', loopback: false, error: undefined, tls: true, jetStream: true, open: false };

/** A deployment as it should be. */
const good: Facts = {
  now: new Date('2026-11-20'),
  demo: false,
  tlsProxy: false,
  settings: {
    MASTER_KEY: masterKey,
    OPERATOR_KEY_DIGEST: newApiKey().digest,
    DATABASE_URL: `postgres://heliograph:${password}@db/heliograph`,
    NATS_URL: `tls://heliograph:${password}@nats`,
    HTTP_HOST: '0.0.0.0',
    HTTP_TLS_CERT_FILE: 'cert.pem',
    HTTP_TLS_KEY_FILE: 'key.pem',
  },
  settingErrors: [],
  secretFiles: [{ path: '.env', what: 'environment', mode: 0o600 }],
  certificates: [certificate],
  ports: [port, { ...port, what: 'SMPP over TLS', address: '198.51.100.1', loopback: false, takesOldTls: false }],
  database,
  nats: [nats],
  logins: [{ what: 'the demo API key', result: 'refused' }],
};

const outside = (what: PortFacts['what']): PortFacts => ({ ...port, what, address: '198.51.100.1', loopback: false });
const setting = (name: string, value: string | undefined): Partial<Facts> => ({ settings: { ...good.settings, [name]: value } });
const ofCertificate = (fields: Partial<CertificateFacts>): Partial<Facts> => ({ certificates: [{ ...certificate, ...fields }] });
const resultOf = (id: string, facts: Facts) => judge(facts).find((one) => one.id === id)!.result;

it('a deployment as it should be passes all', () => {
  expect(judge(good).filter(({ result }) => result !== 'pass')).toEqual([]);
});

describe('what is wrong fails', () => {
  it.each<[string, string, Partial<Facts>]>([
    ['settings', 'a setting that a service cannot read', { settingErrors: ['HTTP_PORT: must be 0..65535 (http-api)'] }],
    ['master-key', 'no master key', setting('MASTER_KEY', undefined)],
    ['master-key', 'a master key of zeros', setting('MASTER_KEY', '0'.repeat(64))],
    ['master-key', 'a master key of an example', setting('MASTER_KEY', '0123456789abcdef'.repeat(4))],
    [
      'operator-key',
      "the demo's operator key",
      setting('OPERATOR_KEY_DIGEST', digestApiKey(deriveSecret(Buffer.from(masterKey, 'hex'), 'demo operator key', 32, 'hex'))),
    ],
    ['server-passwords', 'no password for PostgreSQL', setting('DATABASE_URL', 'postgres://heliograph@db/heliograph')],
    ['server-passwords', 'a password that is the user name', setting('NATS_URL', 'nats://gatewayoperator1:gatewayoperator1@nats')],
    ['server-passwords', 'a password that everybody tries', setting('DATABASE_URL', 'postgres://postgres:postgres@db/x')],
    ['file-modes', 'a file that others may read', { secretFiles: [{ path: '.env', what: 'environment', mode: 0o644 }] }],
    ['file-modes', 'a file that the group may read', { secretFiles: [{ path: '.env', what: 'environment', mode: 0o640 }] }],
    ['certificates', 'one that cannot be read', ofCertificate({ leaf: undefined, error: 'EACCES' })],
    ['certificates', 'a key of another', ofCertificate({ keyMatches: false })],
    ['certificates', 'a broken chain', ofCertificate({ chainOk: false })],
    ['certificates', 'an expired one', ofCertificate({ leaf: { ...leaf, validTo: new Date('2026-11-19') } })],
    ['certificates', 'one of the future', ofCertificate({ leaf: { ...leaf, validFrom: new Date('2026-11-21') } })],
    ['tls-versions', 'TLS 1.1', { ports: [{ ...port, what: 'SMPP over TLS', takesOldTls: true }] }],
    ['http-tls', 'HTTP in clear at every address', setting('HTTP_TLS_CERT_FILE', undefined)],
    ['http-tls', 'HTTP in clear that answers outside', { settings: {}, ports: [outside('HTTP')] }],
    ['smpp-plain', 'SMPP in clear that answers outside', { ports: [outside('SMPP')] }],
    ['smpp-plain', 'SMPP in clear that is meant to', setting('SMPP_HOSTS', '127.0.0.1, 0.0.0.0')],
    ['default-logins', 'a login that everybody knows', { logins: [{ what: 'SMPP demo', result: 'accepted' }] }],
    ['webhooks', 'webhooks to private addresses', setting('ALLOW_PRIVATE_WEBHOOKS', 'true')],
    ['postgres', 'no PostgreSQL', { database: undefined }],
    ['postgres', 'a PostgreSQL that does not answer', { database: { ...database, error: 'ECONNREFUSED' } }],
    ['postgres', 'a PostgreSQL far away without TLS', { database: { ...database, tls: false } }],
    ['postgres', 'a PostgreSQL that trusts everybody', { database: { ...database, takesAnyPassword: true } }],
    ['migrations', 'a migration that is not applied', { database: { ...database, pendingMigrations: ['billing/1'] } }],
    ['migrations', 'one that was edited', { database: { ...database, brokenMigrations: ['billing/1'] } }],
    ['nats', 'no NATS', { nats: [] }],
    ['nats', 'one of the servers away', { nats: [nats, { ...nats, error: 'no answer' }] }],
    ['nats', 'an open one', { nats: [{ ...nats, open: true }] }],
    ['nats', 'one without JetStream', { nats: [{ ...nats, jetStream: false }] }],
    ['nats', 'one far away without TLS', { nats: [{ ...nats, tls: false }] }],
  ])('%s: %s', (id, _, wrong) => {
    expect(resultOf(id, { ...good, ...wrong })).toBe('fail');
  });
});

describe('what is only worth a word warns', () => {
  it.each<[string, string, Partial<Facts>]>([
    ['certificates', 'one that expires in 29 days', ofCertificate({ leaf: { ...leaf, validTo: new Date('2026-12-19T12:00:00Z') } })],
    ['certificates', 'a self-signed one', ofCertificate({ leaf: { ...leaf, selfSigned: true } })],
    ['health-ports', 'metrics that answer outside', { ports: [outside('health')] }],
    ['health-ports', 'metrics at every address', setting('HEALTH_HOST', '0.0.0.0')],
    ['file-modes', 'a file that cannot be looked at', { secretFiles: [{ path: '.env', what: 'environment', mode: undefined }] }],
    ['webhooks', "a trial's webhooks", { ...setting('ALLOW_PRIVATE_WEBHOOKS', 'true'), demo: true }],
    ['default-logins', "a trial's logins", { logins: [{ what: 'the demo API key', result: 'accepted' }], demo: true }],
  ])('%s: %s', (id, _, odd) => {
    expect(resultOf(id, { ...good, ...odd })).toBe('warn');
  });
});

describe('what is right passes', () => {
  it.each<[string, string, Partial<Facts>]>([
    ['certificates', 'one that expires in 30 days', ofCertificate({ leaf: { ...leaf, validTo: new Date('2026-12-20') } })],
    ['http-tls', 'HTTP behind a proxy', { ...setting('HTTP_TLS_CERT_FILE', undefined), tlsProxy: true }],
    ['http-tls', 'HTTP on loopback', { settings: {} }],
    ['smpp-plain', 'SMPP with TLS only', { settings: { SMPP_HOSTS: '0.0.0.0', SMPP_PLAIN: 'false' } }],
    ['postgres', 'a PostgreSQL here without TLS', { database: { ...database, loopback: true, tls: false } }],
    ['nats', 'a NATS here without TLS', { nats: [{ ...nats, loopback: true, tls: false }] }],
    ['operator-key', 'no first operator', setting('OPERATOR_KEY_DIGEST', undefined)],
  ])('%s: %s', (id, _, fields) => {
    expect(resultOf(id, { ...good, ...fields })).toBe('pass');
  });
});

describe('strength', () => {
  it.each(['password', 'DEMO', 'short', 'a'.repeat(64), 'abcabcabcabcabcabcabc', 'abcdefghijklmnopqrstuvwxyz', 'aaaaaaaaaaaaaaaaaaab'])(
    '%s is weak',
    (secret) => {
      expect(weakness(secret, {})).toBeDefined();
    },
  );

  it('what is made at random is not', () => {
    for (let i = 0; i < 500; i++) expect(weakness(newApiKey().key.slice(0, 24), {})).toBeUndefined();
  });
});

it('no message repeats a secret', () => {
  const facts: Facts = {
    ...good,
    settings: {
      ...good.settings,
      MASTER_KEY: 'zanzibarzanzibar',
      DATABASE_URL: 'postgres://u:timbuktu@db/x',
      NATS_URL: 'nats://u:ouagadougou@nats',
    },
  };
  const told = JSON.stringify(judge(facts)) + reportText(judge(facts));
  for (const secret of ['zanzibar', 'timbuktu', 'ouagadougou']) expect(told).not.toContain(secret);
});

it('every check has an id of its own', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['localhost', true],
  ['127.0.0.1.example.com', false],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

it('a cluster is several servers', () => {
  expect(urlsOf('nats://a:b%40c@one,nats://a:b@[::1]:4223').map(({ host, hostname, password: given }) => [host, hostname, given])).toEqual([
    ['one:4222', 'one', 'b@c'],
    ['[::1]:4223', '::1', 'b'],
  ]);
});
