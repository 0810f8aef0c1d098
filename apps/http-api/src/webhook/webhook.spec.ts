import { describe, expect, it } from '@jest/globals';
import { createVault, newWebhookSecret } from '@heliograph/credential';
import type { Webhook } from '@heliograph/registry';
import { changeWebhook, rotateSecret, showWebhook } from './webhook.ts';

const keys = { vault: createVault(Buffer.alloc(32, 1)), newSecret: newWebhookSecret };
const otherVault = createVault(Buffer.alloc(32, 2));
const change = { url: 'https://example.com/a', enabled: true };
const nowMs = Date.parse('2026-11-20T10:00:00Z');
const hour = 3_600_000;
const seal = (secret: string) => keys.vault.seal(secret, 'webhook:acme');
const show = (webhook: Webhook | undefined, atMs = nowMs) => showWebhook('acme', webhook, keys.vault, atMs);

it('a webhook that is set for the first time gets a secret, sealed for its tenant alone', () => {
  const made = changeWebhook('acme', undefined, change, keys, nowMs);
  expect(made).toMatchObject({ tenantId: 'acme', ...change, oldUntil: [] });
  expect(made?.secrets).toHaveLength(1);
  expect(keys.vault.open(made?.secrets[0] ?? '', 'webhook:acme')).toMatch(/^whsec_/);
  expect(keys.vault.open(made?.secrets[0] ?? '', 'webhook:other')).toBeUndefined();
});

it('a webhook that is set again keeps the secrets that sign, sealed anew though nothing else changes: dlr-forwarder sees by it that it was saved', () => {
  const secrets = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
  const oldUntil = [new Date(nowMs + hour), new Date(nowMs)];
  const before = { tenantId: 'acme', ...change, secrets: secrets.map(seal), oldUntil };
  const after = changeWebhook('acme', before, change, keys, nowMs);
  expect(show(after)).toEqual({
    ...change,
    secrets: secrets.slice(0, 2),
    oldSecrets: [{ secret: secrets[1], until: '2026-11-20T11:00:00.000Z' }],
  });
  expect(after?.secrets).toHaveLength(2);
  for (const [i, sealed] of before.secrets.entries()) expect(after?.secrets[i]).not.toBe(sealed);
});

it.each([
  ['sealed with another key', otherVault.seal(newWebhookSecret(), 'webhook:acme')],
  ['moved from another tenant', keys.vault.seal(newWebhookSecret(), 'webhook:other')],
  ['no secret', keys.vault.seal('hunter2', 'webhook:acme')],
])('a webhook with a secret that is %s is neither shown nor overwritten', (_, sealed) => {
  const before = { tenantId: 'acme', ...change, secrets: [seal(newWebhookSecret()), sealed], oldUntil: [new Date(nowMs + hour)] };
  expect(show(before)).toBeUndefined();
  expect(changeWebhook('acme', before, change, keys, nowMs)).toBeUndefined();
  expect(rotateSecret(before, hour, keys, nowMs)).toBeUndefined();
});

it('a tenant without a webhook has none', () => {
  expect(show(undefined)).toEqual({ url: '', enabled: false, secrets: [], oldSecrets: [] });
});

describe('a secret that is replaced', () => {
  const first = newWebhookSecret();
  const before: Webhook = { tenantId: 'acme', ...change, secrets: [seal(first)], oldUntil: [] };
  const rotate = (webhook: Webhook, graceMs: number, atMs = nowMs) => rotateSecret(webhook, graceMs, keys, atMs) as Webhook;

  it('signs behind the new one until its grace ends', () => {
    const after = rotate(before, hour);
    const [newest] = show(after)?.secrets ?? [];
    expect(newest).not.toBe(first);
    expect(show(after, nowMs + hour - 1)?.secrets).toEqual([newest, first]);
    expect(show(after, nowMs + hour)).toEqual({ ...change, secrets: [newest], oldSecrets: [] });
  });

  it('without a grace is gone at once, and so are those before it', () => {
    const after = rotate(rotate(before, hour), 0);
    expect(after.secrets).toHaveLength(1);
    expect(show(after)?.secrets).not.toContain(first);
  });

  it('keeps the end of its own grace when that is earlier', () => {
    const after = rotate(rotate(before, hour), 2 * hour, nowMs + 1);
    expect(after.oldUntil.map((until) => until.getTime() - nowMs)).toEqual([2 * hour + 1, hour]);
  });

  it('goes early when three others are newer', () => {
    const after = [1, 2, 3].reduce((webhook) => rotate(webhook, hour), before);
    expect(after.secrets).toHaveLength(3);
    expect(show(after)?.secrets).not.toContain(first);
  });
});
