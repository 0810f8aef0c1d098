import { expect, it } from '@jest/globals';
import { createVault, newWebhookSecret } from '@heliograph/credential';
import { changeWebhook, showWebhook } from './webhook.ts';

const keys = { vault: createVault(Buffer.alloc(32, 1)), newSecret: newWebhookSecret };
const otherVault = createVault(Buffer.alloc(32, 2));
const change = { url: 'https://example.com/a', enabled: true };

it('a webhook that is set for the first time gets a secret, sealed for its tenant alone', () => {
  const made = changeWebhook('acme', undefined, change, keys);
  expect(made).toMatchObject({ tenantId: 'acme', ...change });
  expect(made?.secrets).toHaveLength(1);
  expect(keys.vault.open(made?.secrets[0] ?? '', 'webhook:acme')).toMatch(/^whsec_/);
  expect(keys.vault.open(made?.secrets[0] ?? '', 'webhook:other')).toBeUndefined();
});

it('a webhook that is set again keeps its secrets, sealed anew though nothing else changes: dlr-forwarder sees by it that it was saved', () => {
  const secrets = [newWebhookSecret(), newWebhookSecret()];
  const before = { tenantId: 'acme', ...change, secrets: secrets.map((secret) => keys.vault.seal(secret, 'webhook:acme')) };
  const after = changeWebhook('acme', before, change, keys);
  expect(showWebhook('acme', after, keys.vault)).toEqual({ ...change, secrets });
  for (const [i, sealed] of before.secrets.entries()) expect(after?.secrets[i]).not.toBe(sealed);
});

it.each([
  ['sealed with another key', otherVault.seal(newWebhookSecret(), 'webhook:acme')],
  ['moved from another tenant', keys.vault.seal(newWebhookSecret(), 'webhook:other')],
  ['no secret', keys.vault.seal('hunter2', 'webhook:acme')],
])('a webhook with a secret that is %s is neither shown nor overwritten', (_, sealed) => {
  const before = { tenantId: 'acme', ...change, secrets: [keys.vault.seal(newWebhookSecret(), 'webhook:acme'), sealed] };
  expect(showWebhook('acme', before, keys.vault)).toBeUndefined();
  expect(changeWebhook('acme', before, change, keys)).toBeUndefined();
});

it('a tenant without a webhook has none', () => {
  expect(showWebhook('acme', undefined, keys.vault)).toEqual({ url: '', enabled: false, secrets: [] });
});
