import { describe, expect, it } from '@jest/globals';
import { credentialDefaults, tenantDefaults, type Credential, type Tenant } from '@heliograph/registry';
import { recall, remember, sessionMsMax } from './remembered.ts';

const tenant: Tenant = { ...tenantDefaults, id: 'acme', name: 'Acme', pricePlanId: 'plan' };
const jo: Credential = {
  ...credentialDefaults,
  id: 'jo',
  tenantId: 'acme',
  kind: 'person',
  login: 'jo',
  verifier: 'a',
  secretSetAt: new Date(1_000),
};
const session = remember(jo, 5_000);

function recalled(fields: { credential?: Partial<Credential>; tenant?: Partial<Tenant>; nowMs?: number } = {}) {
  const now = { ...jo, ...fields.credential };
  const snapshot = { credentials: new Map([[now.id, now]]), tenants: new Map([['acme', { ...tenant, ...fields.tenant }]]) };
  return recall(session, { snapshot, address: '192.0.2.1', nowMs: fields.nowMs ?? 5_000 })?.id;
}

describe('a session', () => {
  it.each<[string, Parameters<typeof recalled>[0]]>([
    ['at once', {}],
    ['until 12 hours are over', { nowMs: 5_000 + sessionMsMax - 1 }],
    ['with fewer scopes than at login', { credential: { scopes: ['messages:read'] } }],
    ['with the same password in another form', { credential: { verifier: 'b' } }],
    ['from an address that is allowed', { credential: { allowIps: ['192.0.2.0/24'] } }],
  ])('is still its person’s %s', (_, fields) => {
    expect(recalled(fields)).toBe('jo');
  });

  it.each<[string, Parameters<typeof recalled>[0]]>([
    ['12 hours are over', { nowMs: 5_000 + sessionMsMax }],
    ['the credential is gone', { credential: { id: 'joe' } }],
    ['its id is another kind’s', { credential: { kind: 'api_key' } }],
    ['it is disabled', { credential: { enabled: false } }],
    ['it has expired', { credential: { expiresAt: new Date(5_000) } }],
    ['its password was reset, with a grace or without', { credential: { secretSetAt: new Date(1_001), previousUntil: new Date(1e15) } }],
    ['its password was reset where the clock is late', { credential: { secretSetAt: new Date(999) } }],
    ['its tenant is disabled', { tenant: { enabled: false } }],
    ['it may not come from there any more', { credential: { allowIps: ['198.51.100.0/24'] } }],
  ])('is nobody’s once %s', (_, fields) => {
    expect(recalled(fields)).toBeUndefined();
  });
});
