import { isWebhookSecret, type Vault } from '@heliograph/credential';
import { signingSecrets, type Webhook } from '@heliograph/registry';
import type { z } from 'zod';
import { timeText } from '../http/time.ts';
import type { webhook, webhookChange } from './schema.ts';

export interface WebhookKeys {
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly newSecret: () => string;
}

/** What the registry knows of a tenant's webhook, its secrets in clear: they are the tenant's own. */
export type OwnWebhook = Omit<z.infer<typeof webhook>, 'endpoint'>;

/** A secret that signs; of an old one, until when. */
interface Signing {
  readonly secret: string;
  readonly until: Date | undefined;
}

/**
 * The tenant's webhook after a change. The first one gets a secret, later ones keep theirs but those whose grace has ended. Secrets are sealed
 * anew each time: that is how dlr-forwarder sees that a webhook was saved again, and tries an endpoint once more that had answered 410.
 * Undefined when a secret cannot be opened with this master key: then nothing may be overwritten.
 */
export function changeWebhook(
  tenant: string,
  before: Webhook | undefined,
  { url, enabled }: z.infer<typeof webhookChange>,
  { vault, newSecret }: WebhookKeys,
  nowMs: number,
): Webhook | undefined {
  const signing = secretsOf(tenant, before, vault, nowMs);
  if (!signing) return undefined;
  const kept = signing.length > 0 ? signing : [{ secret: newSecret(), until: undefined }];
  return sealedWebhook({ tenantId: tenant, url, enabled }, kept, vault);
}

/** With a grace after a grace there may be several old secrets; of more the oldest go. */
const secretsMax = 3;

/** A new secret first; those before it sign for `graceMs` more, or less where their own grace ends earlier. Undefined as above. */
export function rotateSecret(before: Webhook, graceMs: number, { vault, newSecret }: WebhookKeys, nowMs: number): Webhook | undefined {
  const signing = secretsOf(before.tenantId, before, vault, nowMs);
  if (!signing) return undefined;
  const graceEndMs = nowMs + graceMs;
  const old = signing
    .map(({ secret, until }) => ({ secret, until: new Date(Math.min(graceEndMs, until?.getTime() ?? Infinity)) }))
    .filter(({ until }) => until.getTime() > nowMs);
  return sealedWebhook(before, [{ secret: newSecret(), until: undefined }, ...old].slice(0, secretsMax), vault);
}

/** Undefined when a secret cannot be opened. */
export function showWebhook(tenant: string, given: Webhook | undefined, vault: Pick<Vault, 'open'>, nowMs: number): OwnWebhook | undefined {
  const signing = secretsOf(tenant, given, vault, nowMs);
  return (
    signing && {
      url: given?.url ?? '',
      enabled: given?.enabled ?? false,
      secrets: signing.map(({ secret }) => secret),
      oldSecrets: signing.flatMap(({ secret, until }) => (until ? [{ secret, until: timeText(until.getTime()) }] : [])),
    }
  );
}

function secretsOf(tenant: string, given: Webhook | undefined, vault: Pick<Vault, 'open'>, nowMs: number): Signing[] | undefined {
  if (!given) return [];
  const opened = signingSecrets(given, nowMs).map(({ sealed, until }) => ({ secret: vault.open(sealed, contextOf(tenant)), until }));
  const readable = opened.filter((one): one is Signing => one.secret !== undefined && isWebhookSecret(one.secret));
  return readable.length === opened.length ? readable : undefined;
}

function sealedWebhook(
  { tenantId, url, enabled }: Pick<Webhook, 'tenantId' | 'url' | 'enabled'>,
  signing: readonly Signing[],
  vault: Pick<Vault, 'seal'>,
): Webhook {
  const secrets = signing.map(({ secret }) => vault.seal(secret, contextOf(tenantId)));
  return { tenantId, url, enabled, secrets, oldUntil: signing.flatMap(({ until }) => until ?? []) };
}

function contextOf(tenant: string): string {
  return `webhook:${tenant}`;
}
