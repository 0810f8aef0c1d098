import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLockout, hashPassword, wrapLegacyVerifier } from '@heliograph/credential';
import { credentialDefaults, type Credential, type Snapshot } from '@heliograph/registry';
import type { BindPdu } from '@heliograph/smpp';
import { authenticate, isTakenBack } from './bind.ts';

const nowMs = Date.UTC(2026, 10, 20);
const address = '192.0.2.1';
const verifiers: Record<string, string> = {};

beforeAll(async () => {
  for (const password of ['old', 'new']) verifiers[password] = await hashPassword(password);
  verifiers['legacy'] = (await wrapLegacyVerifier('sha1-utf16le', 'DC215545BA63D605FBCD647A9555270F566D918B')) as string;
});

/** Reset with a grace: `old` was set at 1, `new` at 2. */
function credential(fields: Partial<Credential> = {}): Credential {
  return {
    ...credentialDefaults,
    id: 'acme-smpp',
    tenantId: 'acme',
    kind: 'smpp',
    login: 'acme',
    verifier: verifiers['new'] as string,
    secretSetAt: new Date(2),
    previousVerifier: verifiers['old'] as string,
    previousSetAt: new Date(1),
    previousUntil: new Date(nowMs + 1),
    ...fields,
  };
}

function snapshotOf(...credentials: Credential[]): Snapshot {
  return {
    tenants: new Map([['acme', { enabled: true }]]),
    credentials: new Map(credentials.map((one) => [one.id, one])),
    credentialByLogin: (_kind: string, login: string) => credentials.find((one) => one.login === login),
  } as unknown as Snapshot;
}

const lockout = () => createLockout({ failuresMax: 2, windowMs: 1_000, lockedMs: 1_000, entriesMax: 10 });

describe('a bind', () => {
  const bind = (password: string, one: Credential, facts: { atMs?: number; lockout?: ReturnType<typeof lockout> } = {}) =>
    authenticate({ command: 'bind_transceiver', system_id: 'acme', password } as BindPdu, {
      snapshot: snapshotOf(one),
      address,
      lockout: facts.lockout ?? lockout(),
      nowMs: facts.atMs ?? nowMs,
    });

  it.each([
    ['the new password', 'new', {}, 2],
    ['the old password within its grace', 'old', {}, 1],
    ['the old password when its grace is over', 'old', { previousUntil: new Date(nowMs) }, undefined],
    ['another password', 'none', {}, undefined],
    ['the new password, disabled', 'new', { enabled: false }, undefined],
    ['the old password, disabled', 'old', { enabled: false }, undefined],
    ['the new password, expired', 'new', { expiresAt: new Date(nowMs) }, undefined],
    ['the new password, not expired', 'new', { expiresAt: new Date(nowMs + 1) }, 2],
    ['the new password, from elsewhere', 'new', { allowIps: ['198.51.100.0/24'] }, undefined],
    ['the new password, of a tenant that is gone', 'new', { tenantId: 'gone' }, undefined],
    ["the new password, an operator's", 'new', { tenantId: '' }, undefined],
  ])('with %s', async (_, password, fields, setAtMs) => {
    const answer = await bind(password, credential(fields));
    expect(answer).toMatchObject(setAtMs === undefined ? { ok: false, status: 0x0d } : { ok: true, secret: { setAtMs } });
  });

  it('with the password of an imported hash', async () => {
    const imported = credential({ verifier: verifiers['legacy'] as string, previousUntil: null });
    expect(await bind('Pwd1', imported)).toMatchObject({ ok: true });
    expect(await bind('Pwd2', imported)).toMatchObject({ ok: false, status: 0x0d });
  });

  it('that is refused twice locks the network out; a good one does not count', async () => {
    const facts = { lockout: lockout() };
    for (let i = 0; i < 3; i++) expect((await bind('old', credential(), facts)).ok).toBe(true);
    for (let i = 0; i < 2; i++) expect((await bind('none', credential(), facts)).ok).toBe(false);
    expect((await bind('new', credential(), facts)).ok).toBe(false);
  });
});

describe('a session', () => {
  const bound = (secretSetAtMs: number) => ({ credential: credential(), secretSetAtMs, session: { peer: { address } } });
  const upgraded = (fields: Partial<Credential> = {}) => credential({ verifier: 'another form', previousVerifier: 'of both', ...fields });

  it.each<[string, number, Credential | undefined, boolean]>([
    ['stays while nothing changes', 2, credential(), false],
    ['of the old password stays within its grace', 1, credential(), false],
    ['of the old password ends with its grace', 1, credential({ previousUntil: new Date(nowMs) }), true],
    ['of the old password ends with a reset without a grace', 1, credential({ previousUntil: null, previousSetAt: null }), true],
    ['of the password before the old one ends', 0, credential(), true],
    ['stays when its verifier is upgraded', 2, upgraded(), false],
    ['of the old password stays when its verifier was upgraded', 1, upgraded(), false],
    ['ends when its credential is gone', 2, undefined, true],
    ['ends when it is disabled', 2, credential({ enabled: false }), true],
    ['ends when it expires', 2, credential({ expiresAt: new Date(nowMs) }), true],
    ['ends when it may not come from there any more', 2, credential({ allowIps: ['198.51.100.0/24'] }), true],
  ])('%s', (_, secretSetAtMs, now, ends) => {
    expect(isTakenBack(bound(secretSetAtMs), now ? snapshotOf(now) : snapshotOf(), nowMs)).toBe(ends);
  });
});
