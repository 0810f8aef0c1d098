import type { Queue } from '@heliograph/queue';
import { changeWebhookOf, registryChanged, type RegistryDatabase, type RegistryWatch } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { z } from 'zod';
import type { webhook, webhookChange } from './schema.ts';
import { changeWebhook, showWebhook, type WebhookKeys } from './webhook.ts';

type Shown = z.infer<typeof webhook>;

/** The tenants' webhooks in the registry. */
export interface Webhooks {
  /** Undefined when a secret cannot be opened. */
  of(tenant: string): Shown | undefined;
  /** `away`: the registry's database does not answer, and nothing may have changed. */
  save(
    tenant: string,
    change: z.infer<typeof webhookChange>,
  ): Promise<{ readonly kind: 'saved'; readonly webhook: Shown } | { readonly kind: 'unreadable' | 'away' }>;
}

export interface WebhooksOptions extends WebhookKeys {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'current' | 'refresh'>;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'error'>;
}

export function createWebhooks({ database, registry, broadcast, log, vault, newSecret }: WebhooksOptions): Webhooks {
  return {
    of: (tenant) => showWebhook(tenant, registry.current.webhooks.get(tenant), vault),
    async save(tenant, change) {
      try {
        const saved = await changeWebhookOf(database, tenant, (before) => changeWebhook(tenant, before, change, { vault, newSecret }));
        const shown = saved && showWebhook(tenant, saved, vault);
        if (!shown) return { kind: 'unreadable' };
        broadcast(registryChanged, {});
        await registry.refresh();
        return { kind: 'saved', webhook: shown };
      } catch (err) {
        log.error({ tenant, err }, 'webhook not saved');
        return { kind: 'away' };
      }
    },
  };
}
