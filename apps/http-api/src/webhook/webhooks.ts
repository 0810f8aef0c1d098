import type { Queue } from '@heliograph/queue';
import {
  changeWebhookOf,
  registryChanged,
  type Actor,
  type RegistryDatabase,
  type RegistryWatch,
  type Webhook,
} from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { z } from 'zod';
import type { webhookChange } from './schema.ts';
import { changeWebhook, rotateSecret, showWebhook, type OwnWebhook, type WebhookKeys } from './webhook.ts';

export type { OwnWebhook };

/** `none`: there is no webhook to change; `away`: the registry's database does not answer, and nothing may have changed. */
export type Saved = { readonly kind: 'saved'; readonly webhook: OwnWebhook } | { readonly kind: 'none' | 'unreadable' | 'away' };

/** The tenants' webhooks in the registry. */
export interface Webhooks {
  /** Undefined when a secret cannot be opened. */
  of(tenant: string): OwnWebhook | undefined;
  save(tenant: string, change: z.infer<typeof webhookChange>, actor: Actor): Promise<Saved>;
  /** Gives it a new secret; the ones before sign too for the grace. */
  rotate(tenant: string, graceSeconds: number, actor: Actor): Promise<Saved>;
}

export interface WebhooksOptions extends WebhookKeys {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'current' | 'refresh'>;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'error'>;
}

export function createWebhooks({ database, registry, broadcast, log, ...keys }: WebhooksOptions): Webhooks {
  async function change(
    { tenant, actor, done }: { tenant: string; actor: Actor; done: 'changed' | 'secret_rotated' },
    after: (before: Webhook | undefined) => Webhook | undefined,
  ): Promise<Saved> {
    try {
      const saved = await changeWebhookOf(database, actor, tenant, after, done);
      const webhook = saved && showWebhook(tenant, saved, keys.vault, Date.now());
      if (!webhook) return { kind: 'unreadable' };
      broadcast(registryChanged, {});
      await registry.refresh();
      return { kind: 'saved', webhook };
    } catch (err) {
      log.error({ tenant, err }, 'webhook not saved');
      return { kind: 'away' };
    }
  }

  return {
    of: (tenant) => showWebhook(tenant, registry.current.webhooks.get(tenant), keys.vault, Date.now()),
    save: (tenant, asked, actor) =>
      change({ tenant, actor, done: 'changed' }, (before) => changeWebhook(tenant, before, asked, keys, Date.now())),
    async rotate(tenant, graceSeconds, actor) {
      let found = false;
      const saved = await change({ tenant, actor, done: 'secret_rotated' }, (before) => {
        found = before !== undefined;
        return before && rotateSecret(before, graceSeconds * 1000, keys, Date.now());
      });
      return saved.kind === 'unreadable' && !found ? { kind: 'none' } : saved;
    },
  };
}
