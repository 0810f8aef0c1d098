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
  enabled: true,
  window: 1,
  sessions: 1,
};
const tenant: Tenant = { id: 'acme', name: 'Acme', enabled: true, pricePlanId: 'plan', defaultCountry: '', segmentsPerSecond: 0 };

function snapshotOf(fields: { credential?: Partial<Credential>; tenant?: Partial<Tenant> } = {}) {
  const one = { ...credential, ...fields.credential };
  return {
    credentialByLogin: (kind: string, login: string) => (kind === one.kind && login === one.login ? one : undefined),
    tenants: new Map([['acme', { ...tenant, ...fields.tenant }]]),
  };
}

describe('an API key', () => {
  it('says who calls', () => {
    expect(callerOf(key, snapshotOf())).toEqual({ credential: 'key-1', tenant: 'acme' });
  });

  it.each([
    ['of somebody unknown', newApiKey().key, {}],
    ['that is no key', 'hello', {}],
    ['that is empty', '', {}],
    ['in capitals', key.toUpperCase(), {}],
    ['with the look-up id of another', key, { credential: { verifier: newApiKey().digest } }],
    ['that is disabled', key, { credential: { enabled: false } }],
    ['of a tenant that is disabled', key, { tenant: { enabled: false } }],
    ['of a tenant that is gone', key, { credential: { tenantId: 'gone' } }],
  ])('%s says nothing', (_, given, fields) => {
    expect(callerOf(given, snapshotOf(fields))).toBeUndefined();
  });
});
