import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLockout, hashPassword } from '@heliograph/credential';
import { credentialDefaults, tenantDefaults, type Credential, type Tenant } from '@heliograph/registry';
import { proveLogin } from './login.ts';

const [here, there] = ['192.0.2.1', '198.51.100.1'];
const password = 'correct horse battery staple';
const tenant: Tenant = { ...tenantDefaults, id: 'acme', name: 'Acme', pricePlanId: 'plan' };
let jo: Credential;

beforeAll(async () => {
  jo = {
    ...credentialDefaults,
    id: 'jo',
    tenantId: 'acme',
    kind: 'person',
    login: 'jo',
    verifier: await hashPassword(password),
    secretSetAt: new Date(0),
  };
});

function facts(fields: { credential?: Partial<Credential>; tenant?: Partial<Tenant> } = {}) {
  const one = { ...jo, ...fields.credential };
  return {
    snapshot: {
      credentialByLogin: (kind: string, login: string) => (kind === one.kind && login === one.login ? one : undefined),
      tenants: new Map([['acme', { ...tenant, ...fields.tenant }]]),
    },
    lockout: createLockout({ failuresMax: 3, windowMs: 1_000, lockedMs: 1_000, entriesMax: 10 }),
    nowMs: 0,
  };
}

describe('a login', () => {
  it('with the right password is proven', async () => {
    expect(await proveLogin({ login: 'jo', password, address: here }, facts())).toMatchObject({ kind: 'proven', credential: { id: 'jo' } });
  });

  it('of an operator, who has no tenant, is proven', async () => {
    const operator = facts({ credential: { tenantId: '', role: 'operator-admin' } });
    expect(await proveLogin({ login: 'jo', password, address: here }, operator)).toMatchObject({ kind: 'proven' });
  });

  it.each<[string, Parameters<typeof facts>[0], Partial<{ login: string; password: string }>]>([
    ['with another password', {}, { password: 'Correct horse battery staple' }],
    ['that nobody has', {}, { login: 'joe' }],
    ['of a system id', { credential: { kind: 'smpp' } }, {}],
    ['that is disabled', { credential: { enabled: false } }, {}],
    ['that has expired', { credential: { expiresAt: new Date(0) } }, {}],
    ['of a tenant that is disabled', { tenant: { enabled: false } }, {}],
    ['of a tenant that is gone', { credential: { tenantId: 'gone' } }, {}],
    ['from an address that is not allowed', { credential: { allowIps: ['10.0.0.0/8'] } }, {}],
    ['with the password before a reset, whatever its grace', { credential: { verifier: 'another', previousUntil: new Date(1e15) } }, {}],
  ])('%s is wrong, and nothing more', async (_, fields, guess) => {
    const given = { login: 'jo', password, address: here, ...guess };
    expect(await proveLogin(given, facts(fields))).toEqual({ kind: 'wrong' });
  });

  it('guessed too often is locked for that network alone, and only for a time', async () => {
    const known = facts();
    const wrong = { login: 'jo', password: 'guess', address: here };
    for (const _ of [1, 2, 3]) expect(await proveLogin(wrong, known)).toEqual({ kind: 'wrong' });
    expect(await proveLogin({ ...wrong, password }, known)).toEqual({ kind: 'locked' });
    expect(await proveLogin({ ...wrong, password, address: there }, known)).toMatchObject({ kind: 'proven' });
    expect(await proveLogin({ ...wrong, password }, { ...known, nowMs: 1_000 })).toMatchObject({ kind: 'proven' });
  });

  it('that nobody has is locked like any other', async () => {
    const known = facts();
    const guess = { login: 'nobody', password, address: here };
    for (const _ of [1, 2, 3]) expect(await proveLogin(guess, known)).toEqual({ kind: 'wrong' });
    expect(await proveLogin(guess, known)).toEqual({ kind: 'locked' });
  });

  it('is busy when more are being checked than a second has room for', async () => {
    const known = facts();
    const guesses = Array.from({ length: 80 }, (_, i) => proveLogin({ login: `guess-${i}`, password, address: here }, known));
    const kinds = (await Promise.all(guesses)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['wrong', 'busy']));
  }, 20_000);
});
