import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { credentialDefaults, type Credential, type Tenant } from '@heliograph/registry';
import { proofOf } from './aurora.ts';

const { key, digest } = newApiKey();
const old = newApiKey();
const nowMs = 1_000_000;
const credential: Credential = {
  ...credentialDefaults,
  id: 'sms-1',
  tenantId: 'acme',
  kind: 'sms_user',
  login: 'shop',
  verifier: digest,
  secretSetAt: new Date(0),
};
const tenant: Tenant = {
  id: 'acme',
  name: 'Acme',
  enabled: true,
  pricePlanId: 'plan',
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: true,
  refuseAtLoss: false,
};

function facts(fields: { credential?: Partial<Credential>; tenant?: Partial<Tenant> } = {}) {
  const one = { ...credential, ...fields.credential };
  const snapshot = {
    credentialByLogin: (kind: string, login: string) => (kind === one.kind && login === one.login ? one : undefined),
    tenants: new Map([['acme', { ...tenant, ...fields.tenant }]]),
  };
  return { snapshot, address: '::ffff:198.51.100.7', nowMs };
}

describe('SMS_USER and SMS_KEY', () => {
  it('say whose they are', () => {
    expect(proofOf({ smsUser: 'shop', smsKey: key }, facts())).toMatchObject({ ok: true, credential: { id: 'sms-1' } });
  });

  it.each<[string, string, object, Parameters<typeof facts>[0]]>([
    ['unknown', 'with an unknown name', { smsUser: 'shop2', smsKey: key }, {}],
    ['unknown', 'without a name', { smsKey: key }, {}],
    ['unknown', 'with a list for a name', { smsUser: ['shop'], smsKey: key }, {}],
    ['unknown', 'that belong to another kind', { smsUser: 'shop', smsKey: key }, { credential: { kind: 'api_key' } }],
    ['wrong key', 'without a key', { smsUser: 'shop' }, {}],
    ['wrong key', 'with the digest for a key', { smsUser: 'shop', smsKey: digest }, {}],
    ['wrong key', 'with a key in capitals', { smsUser: 'shop', smsKey: key.toUpperCase() }, {}],
    ['not usable', 'that are disabled', { smsUser: 'shop', smsKey: key }, { credential: { enabled: false } }],
    ['not usable', 'that have expired', { smsUser: 'shop', smsKey: key }, { credential: { expiresAt: new Date(nowMs) } }],
    ['not usable', 'of a tenant that is disabled', { smsUser: 'shop', smsKey: key }, { tenant: { enabled: false } }],
    ['not allowed from there', 'from elsewhere', { smsUser: 'shop', smsKey: key }, { credential: { allowIps: ['192.0.2.0/24'] } }],
    ['parameter secrets are off', 'of a tenant without them', { smsUser: 'shop', smsKey: key }, { tenant: { parameterSecrets: false } }],
  ])('are refused as %s %s', (why, _, fields, changed) => {
    expect(proofOf(fields as never, facts(changed))).toMatchObject({ ok: false, why });
  });

  it('are good from where they are allowed', () => {
    const credential = { allowIps: ['192.0.2.0/24', '198.51.100.0/24'] };
    expect(proofOf({ smsUser: 'shop', smsKey: key }, facts({ credential }))).toMatchObject({ ok: true });
  });

  it('before a reset are refused at once, whatever grace the reset was given', () => {
    const reset = { previousLogin: 'shop', previousVerifier: old.digest, previousUntil: new Date(nowMs + 60_000) };
    expect(proofOf({ smsUser: 'shop', smsKey: old.key }, facts({ credential: reset }))).toMatchObject({ why: 'wrong key' });
    expect(proofOf({ smsUser: 'shop', smsKey: key }, facts({ credential: reset }))).toMatchObject({ ok: true });
  });
});
