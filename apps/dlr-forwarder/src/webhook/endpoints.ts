import { createVault, isWebhookSecret } from '@heliograph/credential';
import type { Log } from '@heliograph/queue';
import { signingSecrets, type RegistryWatch, type Webhook } from '@heliograph/registry';
import { webhookVersion } from './webhook.ts';
import type { Endpoints } from './loop.ts';
import type { WebhookOutbox } from './outbox.ts';

export interface TenantEndpoints extends Endpoints {
  webhookOf(tenant: string): Webhook | undefined;
  isGone(tenant: string, url: string): boolean;
  /** Reads what other processes have marked. */
  refresh(): Promise<void>;
}

export interface TenantEndpointsOptions {
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly outbox: WebhookOutbox;
  /** 32 octets. */
  readonly masterKey: Buffer;
  readonly log: Log;
}

/** `untilMs`: its grace ends, unix ms. */
interface OpenedWebhook {
  readonly secrets: readonly { readonly secret: string; readonly untilMs: number }[];
  readonly version: string;
}

/** The tenants' endpoints as the control plane has them, and which of them are gone. */
export async function openEndpoints({ registry, outbox, masterKey, log }: TenantEndpointsOptions): Promise<TenantEndpoints> {
  const vault = createVault(masterKey);
  // a change of the registry makes new objects, so what is derived from one is right as long as the object lives
  const opened = new WeakMap<Webhook, OpenedWebhook>();
  const gone = new Map<string, string>();
  await refresh();

  async function refresh(): Promise<void> {
    for (const endpoint of await outbox.gone()) gone.set(keyOf(endpoint.tenant, endpoint.url), endpoint.webhookVersion);
  }

  function webhookOf(tenant: string): Webhook | undefined {
    return registry.current.webhooks.get(tenant);
  }

  function open(webhook: Webhook): OpenedWebhook {
    let one = opened.get(webhook);
    if (!one) {
      const secrets = signingSecrets(webhook, Date.now()).flatMap(({ sealed, until }) => {
        const secret = vault.open(sealed, `webhook:${webhook.tenantId}`);
        if (secret !== undefined && isWebhookSecret(secret)) return [{ secret, untilMs: until?.getTime() ?? Infinity }];
        log.error({ tenant: webhook.tenantId }, 'webhook secret cannot be opened with this master key, or is malformed');
        return [];
      });
      opened.set(webhook, (one = { secrets, version: webhookVersion(webhook) }));
    }
    return one;
  }

  function isGone(tenant: string, url: string): boolean {
    const version = gone.get(keyOf(tenant, url));
    const webhook = webhookOf(tenant);
    return version !== undefined && webhook !== undefined && open(webhook).version === version;
  }

  return {
    webhookOf,
    isGone,
    refresh,
    secretsOf(tenant) {
      const webhook = webhookOf(tenant);
      if (!webhook) return [];
      const nowMs = Date.now();
      return open(webhook).secrets.flatMap(({ secret, untilMs }) => (untilMs > nowMs ? [secret] : []));
    },
    closed(tenant, url) {
      if (isGone(tenant, url)) return 'gone';
      const webhook = webhookOf(tenant);
      return webhook && !webhook.enabled && webhook.url === url ? 'disabled' : undefined;
    },
    async markGone(tenant, url) {
      const webhook = webhookOf(tenant);
      if (!webhook) return;
      const endpoint = { tenant, url, webhookVersion: open(webhook).version };
      gone.set(keyOf(tenant, url), endpoint.webhookVersion);
      log.warn({ tenant, url }, 'webhook endpoint answered 410, nothing more is posted there until it is saved again');
      // known here at once; should the row be lost, the next webhook of another process hears 410 itself
      await outbox.putGone(endpoint).catch((error: unknown) => log.warn({ tenant, err: error }, 'gone endpoint not stored'));
    },
  };
}

function keyOf(tenant: string, url: string): string {
  return `${tenant} ${url}`;
}
