import { describe, expect, it } from '@jest/globals';
import { credentialDefaults, type Credential } from '@heliograph/registry';
import { passwordFault, withPassword } from './password.ts';

const jo: Credential = {
  ...credentialDefaults,
  id: 'jo',
  tenantId: 'acme',
  kind: 'person',
  login: 'jo@example.com',
  verifier: 'old',
  previousVerifier: 'older',
  previousUntil: new Date(9_000),
  secretSetAt: new Date(5_000),
};

describe('a new password', () => {
  it.each([
    ['later', 8_000, 8_000],
    ['in the same millisecond', 5_000, 5_001],
    ['by a clock that is late', 3_000, 5_001],
  ])('set %s is known by another time, and ends the grace of the one before', (_, nowMs, setAtMs) => {
    expect(withPassword(jo, { from: 'old', to: 'new' }, nowMs)).toEqual({
      kind: 'put',
      credential: { ...jo, verifier: 'new', secretSetAt: new Date(setAtMs), previousVerifier: '', previousUntil: null },
    });
  });

  it.each([
    ['that was reset meanwhile', { ...jo, verifier: 'reset' }],
    ['that is gone', undefined],
  ])('does not undo one %s', (_, before) => {
    expect(withPassword(before, { from: 'old', to: 'new' }, 8_000)).toEqual({ kind: 'refuse', refusal: 'taken' });
  });

  it.each(['jo@example.com', ' JO@Example.com'])('may not be the login: %j', (password) => {
    expect(passwordFault(password, jo)).toBe('must not be your login');
  });

  it('may be anything else', () => {
    expect(passwordFault('correct horse battery staple', jo)).toBeUndefined();
  });
});
