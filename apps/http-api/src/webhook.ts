import { isWebhookSecret, type Vault } from '@heliograph/credential';
import type { Webhook } from '@heliograph/registry';
import type { z } from 'zod';
import type { webhook, webhookChange } from './schema.ts';

export interface WebhookKeys {
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly newSecret: () => string;
}

/**
 * The tenant's webhook after a change. The first one gets a secret, later ones keep theirs. Secrets are sealed anew each time: that is how
 * dlr-forwarder sees that a webhook was saved again, and tries an endpoint once more that had answered 410. Undefined when a secret cannot be
 * opened with this master key: then nothing may be overwritten.
 */
export function changeWebhook(
  tenant: string,
  before: Webhook | undefined,
  { url, enabled }: z.infer<typeof webhookChange>,
  { vault, newSecret }: WebhookKeys,
): Webhook | undefined {
  const secrets = secretsOf(tenant, before, vault);
  if (!secrets) return undefined;
  const kept = secrets.length > 0 ? secrets : [newSecret()];
  return { tenantId: tenant, url, enabled, secrets: kept.map((secret) => vault.seal(secret, contextOf(tenant))) };
}

/** With its secrets in clear: they are the tenant's own. Undefined when one cannot be opened. */
export function showWebhook(tenant: string, given: Webhook | undefined, vault: Pick<Vault, 'open'>): z.infer<typeof webhook> | undefined {
  const secrets = secretsOf(tenant, given, vault);
  return secrets && { url: given?.url ?? '', enabled: given?.enabled ?? false, secrets };
}

function secretsOf(tenant: string, given: Webhook | undefined, vault: Pick<Vault, 'open'>): string[] | undefined {
  const opened = (given?.secrets ?? []).map((sealed) => vault.open(sealed, contextOf(tenant)));
  const readable = opened.filter((secret): secret is string => secret !== undefined && isWebhookSecret(secret));
  return readable.length === opened.length ? readable : undefined;
}

function contextOf(tenant: string): string {
  return `webhook:${tenant}`;
}
