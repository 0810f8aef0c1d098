import { expect, it, test } from '@jest/globals';
import { digestApiKey, lookupIdOf, verifyPassword } from '@heliograph/credential';
import { credentialDefaults, secretsOf, type Credential } from '@heliograph/registry';
import { isRotationDue, rotateByMs, startRotationNotice } from './rotation.ts';
import { makeSecret, withSecret } from './secret.ts';

const nowMs = Date.UTC(2026, 10, 20);
const dayMs = 24 * 3_600_000;
const credential: Credential = {
  ...credentialDefaults,
  id: 'one',
  tenantId: 'acme',
  kind: 'api_key',
  login: 'first',
  verifier: 'first digest',
  secretSetAt: new Date(nowMs - dayMs),
};

it('a key is looked up by what its digest begins with', async () => {
  const { login, verifier, secret } = await makeSecret('api_key');
  expect([lookupIdOf(secret ?? ''), digestApiKey(secret ?? '')]).toEqual([login, verifier]);
});

it('an SMS_KEY has the form of a key, and its login stays', async () => {
  const made = await makeSecret('sms_user');
  expect([made.login, made.secret?.length, digestApiKey(made.secret ?? '')]).toEqual([undefined, 64, made.verifier]);
});

it.each([
  ['smpp', 8],
  ['person', 20],
] as const)('a password of kind %s has %i characters, and fits what is stored', async (kind, length) => {
  const { secret, verifier } = await makeSecret(kind);
  expect(secret).toMatch(new RegExp(`^[\\w-]{${length}}$`));
  expect(await verifyPassword(verifier, secret ?? '')).toBe(true);
});

it('a password that was chosen is kept; an imported hash shows no secret', async () => {
  expect((await makeSecret('smpp', { password: 'chosen08' })).secret).toBe('chosen08');
  const imported = await makeSecret('smpp', { legacyVerifier: { form: 'sha1-utf16le', hex: 'dc215545ba63d605fbcd647a9555270f566d918b' } });
  expect([imported.secret, await verifyPassword(imported.verifier, 'Pwd1')]).toEqual([null, true]);
});

test('a reset without a grace: one secret is good', () => {
  const after = withSecret(credential, { login: 'second', verifier: 'second digest', secret: '' }, { graceMs: 0, nowMs });
  expect(after).toMatchObject({ login: 'second', previousLogin: '', previousVerifier: '', previousUntil: null });
  expect(secretsOf(after, nowMs)).toEqual([{ verifier: 'second digest', setAtMs: nowMs }]);
});

test('a reset with a grace: both are good until it ends; after another reset the first one is not', () => {
  const second = withSecret(credential, { login: 'second', verifier: '2', secret: '' }, { graceMs: 1_000, nowMs });
  const verifiers = (one: Credential, atMs: number) => secretsOf(one, atMs).map(({ verifier }) => verifier);
  expect([second.previousLogin, verifiers(second, nowMs + 999), verifiers(second, nowMs + 1_000)]).toEqual([
    'first',
    ['2', 'first digest'],
    ['2'],
  ]);
  const third = withSecret(second, { login: 'third', verifier: '3', secret: '' }, { graceMs: 1_000, nowMs });
  expect([third.previousLogin, verifiers(third, nowMs)]).toEqual(['second', ['3', '2']]);
  // within the same millisecond, and yet told apart by time
  expect(new Set(secretsOf(third, nowMs).map(({ setAtMs }) => setAtMs)).size).toBe(2);
});

test.each([
  ['75 days old', 'api_key', 75, false],
  ['76 days old', 'api_key', 76, true],
  ['100 days old', 'smpp', 100, true],
  ['100 days old', 'person', 100, false],
] as const)('a secret %s of kind %s: due is %s', (_, kind, days, due) => {
  const one = { kind, secretSetAt: new Date(nowMs - days * dayMs) };
  expect(isRotationDue(one, nowMs)).toBe(due);
  expect(rotateByMs(one)).toBe(kind === 'person' ? undefined : nowMs + (90 - days) * dayMs);
});

test('the notice of a day names those that are due and enabled, by their ids alone', () => {
  const old = { ...credential, secretSetAt: new Date(nowMs - 80 * dayMs) };
  const credentials = new Map([credential, { ...old, id: 'old' }, { ...old, id: 'off', enabled: false }].map((one) => [one.id, one]));
  const lines: object[] = [];
  const log = { warn: (fields: object, text: string) => void lines.push({ ...fields, text }) };
  startRotationNotice({ registry: { current: { credentials } }, log, now: () => nowMs }).stop();
  startRotationNotice({ registry: { current: { credentials: new Map() } }, log, now: () => nowMs }).stop();
  expect(lines).toEqual([{ count: 1, credentials: ['old'], text: 'secrets are to be rotated' }]);
});
