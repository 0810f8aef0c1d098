import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { credentialDefaults, type Credential, type Tenant } from '@heliograph/registry';
import { callerOf } from './authenticate.ts';

const { key, lookupId, digest } = newApiKey();
const credential: Credential = {
  ...credentialDefaults,
  id: 'key-1',
  tenantId: 'acme',
  kind: 'api_key',
  login: lookupId,
  verifier: digest,
  secretSetAt: new Date(0),
  enabled: true,
  window: 1,
  sessions: 1,
};
const tenant: Tenant = {
  id: 'acme',
  name: 'Acme',
  enabled: true,
  pricePlanId: 'plan',
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: false,
  refuseAtLoss: false,
};

function snapshotOf(fields: { credential?: Partial<Credential>; tenant?: Partial<Tenant> } = {}) {
  const one = { ...credential, ...fields.credential };
  return {
    credentialByLogin: (kind: string, login: string) =>
      kind === one.kind && [one.login, one.previousLogin].includes(login) ? one : undefined,
    tenants: new Map([['acme', { ...tenant, ...fields.tenant }]]),
  };
}

const nowMs = Date.UTC(2026, 10, 20);

function factsOf(fields: Parameters<typeof snapshotOf>[0] = {}, address = '192.0.2.1') {
  return { snapshot: snapshotOf(fields), address, nowMs, operatorDigest: undefined };
}

describe('an API key', () => {
  it('says who calls', () => {
    expect(callerOf(key, factsOf())).toMatchObject({ credential: 'key-1', tenant: 'acme', role: 'tenant-user', mode: 'live' });
  });

  it.each([
    ['of somebody unknown', newApiKey().key, {}],
    ['that is no key', 'hello', {}],
    ['that is empty', '', {}],
    ['in capitals', key.toUpperCase(), {}],
    ['with the look-up id of another', key, { credential: { verifier: newApiKey().digest } }],
    ['that is disabled', key, { credential: { enabled: false } }],
    ['that has expired', key, { credential: { expiresAt: new Date(nowMs) } }],
    ['from an address that is not allowed', key, { credential: { allowIps: ['198.51.100.0/24'] } }],
    ['from anywhere, where the list cannot be read', key, { credential: { allowIps: ['localhost'] } }],
    ['of a tenant that is disabled', key, { tenant: { enabled: false } }],
    ['of a tenant that is gone', key, { credential: { tenantId: 'gone' } }],
  ])('%s says nothing', (_, given, fields) => {
    expect(callerOf(given, factsOf(fields))).toBeUndefined();
  });

  it.each([
    ['that expires in a moment', { expiresAt: new Date(nowMs + 1) }],
    ['from an address that is allowed', { allowIps: ['2001:db8::/32', '192.0.2.0/24'] }],
  ])('%s says who calls', (_, fields) => {
    expect(callerOf(key, factsOf({ credential: fields }))).toMatchObject({ credential: 'key-1' });
  });

  it('from before a reset says who calls while its grace lasts, as the new one does', () => {
    const next = newApiKey();
    const reset = {
      login: next.lookupId,
      verifier: next.digest,
      previousLogin: lookupId,
      previousVerifier: digest,
      previousSetAt: new Date(0),
      secretSetAt: new Date(nowMs - 1),
    };
    const said = (given: string, previousUntil: Date) => callerOf(given, factsOf({ credential: { ...reset, previousUntil } }))?.credential;
    const [lasts, over] = [new Date(nowMs + 1), new Date(nowMs)];
    expect([said(key, lasts), said(next.key, lasts), said(key, over), said(next.key, over)]).toEqual([
      'key-1',
      'key-1',
      undefined,
      'key-1',
    ]);
  });
});
