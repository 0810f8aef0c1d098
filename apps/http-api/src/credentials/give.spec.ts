import { describe, expect, it } from '@jest/globals';
import { credentialDefaults, type Credential } from '@heliograph/registry';
import { callerOfCredential } from '../caller/caller.ts';
import { mayGive, powersFaults, powersOfNew, type Powers } from './give.ts';
import { newCredential } from './schema.ts';

const credential: Credential = {
  ...credentialDefaults,
  id: 'one',
  tenantId: 'acme',
  kind: 'api_key',
  login: '',
  verifier: '',
  secretSetAt: new Date(0),
};
const callers = {
  operator: { tenantId: '', role: 'operator-admin' },
  'narrow operator': { tenantId: '', role: 'operator-admin', scopes: ['credentials:write', 'messages:read'] },
  admin: { role: 'tenant-admin' },
  'narrow admin': { role: 'tenant-admin', scopes: ['credentials:write', 'messages:send'] },
  'test admin': { role: 'tenant-admin', mode: 'test' },
} as const satisfies Record<string, Partial<Credential>>;
const callerOf = (name: keyof typeof callers) => callerOfCredential({ ...credential, ...callers[name] });

describe('nobody gives more than he has', () => {
  it.each<[keyof typeof callers, Partial<Powers>, boolean]>([
    ['operator', { tenantId: '', role: 'operator-admin' }, true],
    ['operator', { role: 'tenant-admin' }, true],
    ['narrow operator', { tenantId: '', role: 'operator-admin' }, false],
    ['narrow operator', { tenantId: '', role: 'operator-admin', scopes: ['messages:read'] }, true],
    ['narrow operator', { role: 'tenant-user' }, false],
    ['admin', { role: 'tenant-admin' }, true],
    ['admin', { role: 'tenant-user' }, true],
    ['admin', { role: 'device' }, true],
    ['admin', { tenantId: '', role: 'operator-admin' }, false],
    ['admin', { role: 'operator-admin', scopes: ['messages:send'] }, false],
    ['admin', { tenantId: 'other' }, false],
    ['admin', { tenantId: '' }, false],
    ['narrow admin', { role: 'tenant-admin' }, false],
    ['narrow admin', { role: 'tenant-user' }, false],
    ['narrow admin', { role: 'tenant-user', scopes: ['messages:send'] }, true],
    ['narrow admin', { role: 'tenant-admin', scopes: ['credentials:write', 'messages:send'] }, true],
    ['narrow admin', { role: 'tenant-user', scopes: ['messages:send', 'messages:read'] }, false],
    ['test admin', { role: 'tenant-user' }, false],
    ['test admin', { role: 'tenant-user', mode: 'test' }, true],
    ['admin', { role: 'tenant-user', mode: 'test' }, true],
  ])('%s: %j: %s', (name, powers, expected) => {
    expect(mayGive(callerOf(name), { ...credential, role: 'tenant-user', ...powers })).toBe(expected);
  });
});

it.each<[string, Partial<Credential>, string[]]>([
  ['a tenant-user', {}, []],
  ['an operator of a tenant', { role: 'operator-admin' }, ['/role']],
  ['a tenant-user of no tenant', { tenantId: '' }, ['/role']],
  ['an operator with a system id', { tenantId: '', role: 'operator-admin', kind: 'smpp' }, ['/kind']],
  ['a scope that its role has not', { scopes: ['messages:send', 'tenants:write'] }, ['/scopes/1']],
])('what does not fit together: %s', (_, fields, expected) => {
  expect(powersFaults({ ...credential, ...fields }).map(({ field }) => field)).toEqual(expected);
});

describe('a new credential', () => {
  const tenants = new Map([['acme', { id: 'acme' } as never]]);
  const body = (more: object = {}) => newCredential.parse({ kind: 'api_key', ...more });

  it.each<[string, keyof typeof callers, string, object, object]>([
    ["of an admin is a tenant-user's", 'admin', 'acme', {}, { tenantId: 'acme', role: 'tenant-user', mode: 'live' }],
    ['of a test admin is a test one', 'test admin', 'acme', {}, { mode: 'test' }],
    ['of an operator without a tenant is an operator', 'operator', '', {}, { tenantId: '', role: 'operator-admin' }],
    ['of an operator for a tenant is its', 'operator', 'acme', {}, { tenantId: 'acme', role: 'tenant-user' }],
  ])('%s', (_, name, tenant, more, expected) => {
    expect(powersOfNew(body(more), { caller: callerOf(name), tenant, tenants })).toMatchObject(expected);
  });

  it.each<[string, keyof typeof callers, string, object, number]>([
    ['for a tenant that is not there', 'operator', 'nobody', {}, 404],
    ['an operator, by an admin', 'admin', 'acme', { role: 'operator-admin' }, 403],
    ['an operator of a tenant', 'operator', 'acme', { role: 'operator-admin' }, 422],
    ['a tenant-user of no tenant', 'operator', '', { role: 'tenant-user' }, 422],
    [
      'an imported hash, by an admin',
      'admin',
      'acme',
      { kind: 'smpp', login: 'a', legacyVerifier: { form: 'sha256', hex: 'a'.repeat(64) } },
      403,
    ],
  ])('refused: %s', (_, name, tenant, more, status) => {
    expect(powersOfNew(body(more), { caller: callerOf(name), tenant, tenants })).toMatchObject({ problem: { status } });
  });
});

it.each<[string, object, string[]]>([
  ['a key', { kind: 'api_key' }, []],
  ['a key with a login', { kind: 'api_key', login: 'x' }, ['login']],
  ['a key with a password', { kind: 'api_key', password: 'a'.repeat(64) }, ['password']],
  ['a system id', { kind: 'smpp', login: 'a'.repeat(15), password: '12345678' }, []],
  ['a system id of 16 characters', { kind: 'smpp', login: 'a'.repeat(16) }, ['login']],
  ['no system id', { kind: 'smpp' }, ['login']],
  ['an SMPP password of 9 characters', { kind: 'smpp', login: 'a', password: '123456789' }, ['password']],
  ['an SMPP password of 5 characters', { kind: 'smpp', login: 'a', password: '12345' }, ['password']],
  ['an SMPP password of other characters', { kind: 'smpp', login: 'a', password: 'pässword' }, ['password']],
  ['a login with a space', { kind: 'smpp', login: 'a b' }, ['login']],
  ['an SMS_USER with a key of its own', { kind: 'sms_user', login: 'a', password: 'a'.repeat(64) }, ['password']],
  ['a person with a short password', { kind: 'person', login: 'ann', password: '12345678901' }, ['password']],
  ['a person whose password is the login', { kind: 'person', login: 'ann.of.acme.com', password: 'ann.of.acme.com' }, ['password']],
  [
    'an imported hash of a person',
    { kind: 'person', login: 'ann', legacyVerifier: { form: 'sha256', hex: 'a'.repeat(64) } },
    ['legacyVerifier'],
  ],
  [
    'an imported hash of another length',
    { kind: 'smpp', login: 'a', legacyVerifier: { form: 'sha256', hex: 'a'.repeat(40) } },
    ['legacyVerifier.hex'],
  ],
  [
    'both hash and password',
    { kind: 'smpp', login: 'a', password: '123456', legacyVerifier: { form: 'sha256', hex: 'a'.repeat(64) } },
    ['legacyVerifier'],
  ],
  ['a network that is none', { kind: 'api_key', allowIps: ['10.0.0.0/33'] }, ['allowIps']],
  ['a name with a NUL', { kind: 'api_key', name: 'a\0' }, ['name']],
])('the body of a new credential: %s', (_, given, expected) => {
  const parsed = newCredential.safeParse(given);
  expect(parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join('.'))).toEqual(expected);
});
