import type { ConnectorMode } from '@heliograph/message';
import { audited, type Actor, type RegistryTransaction } from './audit.ts';
import type { RegistryDatabase } from './database.ts';
import type { SmppConnectorSettings } from './connector-settings.ts';
import { credentialDefaults, type Credential } from './credential.ts';
import { addPrices, removePrices, type Price } from './price-change.ts';
import type { TenantGuards } from './guards.ts';
import type { InboundSettings } from './inbound-settings.ts';
import type { InboundRoute } from './inbound-table.ts';
import { tenantDefaults, type Tenant, type Webhook } from './snapshot.ts';

export * from './audit.ts';
export * from './price-change.ts';
export * from './route-change.ts';
export * from './route-draft.ts';

/**
 * Writes to the control plane: each puts one thing, new or changed, alone or within an `audited` change. Whoever calls tells the others with
 * `registryChanged`.
 */

export interface PricePlan {
  readonly id: string;
  readonly name: string;
  /** Final states that give the charge back. */
  readonly refunds: readonly string[];
  /** Of the same prefix or network one at a time. */
  readonly prices: readonly Price[];
}

export async function putPricePlan(database: RegistryDatabase, plan: PricePlan): Promise<void> {
  await database.$transaction((transaction) => writePricePlan(transaction, plan));
}

/** In a transaction, as a plan without its prices must not be seen. */
export async function writePricePlan(transaction: RegistryTransaction, { id, name, refunds, prices }: PricePlan): Promise<void> {
  const fields = { id, name, refunds: [...refunds] };
  await transaction.pricePlan.upsert({ where: { id }, create: fields, update: fields });
  await removePrices(transaction, { of: 'plan', id });
  await addPrices(transaction, { of: 'plan', id }, prices);
}

/** What is not given stays as it is, or is as the defaults say. */
export async function putTenant(
  database: RegistryTransaction,
  tenant: Pick<Tenant, 'id' | 'name' | 'pricePlanId'> & Partial<Omit<Tenant, 'guards' | 'inbound'>>,
): Promise<void> {
  const { senders, ...plain } = tenant;
  const given = { ...plain, ...(senders && { senders: [...senders] }) };
  await database.tenant.upsert({ where: { id: tenant.id }, create: { ...tenantDefaults, ...given }, update: given });
}

/** Of a tenant that is there. */
export async function putGuards(database: RegistryTransaction, tenantId: string, guards: TenantGuards): Promise<void> {
  await database.tenant.update({ where: { id: tenantId }, data: { guards: { toJSON: () => guards } } });
}

/** Of a tenant that is there. */
export async function putInboundSettings(database: RegistryTransaction, tenantId: string, settings: InboundSettings): Promise<void> {
  await database.tenant.update({ where: { id: tenantId }, data: { inbound: { toJSON: () => settings } } });
}

/** What is not given stays as it is, or is as the defaults say. */
export async function putCredential(
  database: RegistryTransaction,
  credential: Pick<Credential, 'id' | 'tenantId' | 'kind' | 'login' | 'verifier'> & Partial<Credential>,
): Promise<void> {
  const { tenantId, allowIps, scopes, ...plain } = credential;
  const given = {
    ...plain,
    tenantId: tenantId === '' ? null : tenantId,
    ...(allowIps && { allowIps: [...allowIps] }),
    ...(scopes && { scopes: [...scopes] }),
  };
  const create = { ...credentialDefaults, allowIps: [], scopes: [], ...given };
  await database.credential.upsert({ where: { id: credential.id }, create, update: given });
}

/** Ids of connectors that are the platform's own stand-ins: none in the registry may have them. `test`: where test messages go. */
export const reservedConnectorIds: ReadonlySet<string> = new Set(['test']);

export async function putSmppConnector(
  database: RegistryTransaction,
  connector: {
    id: string;
    groupId: string;
    enabled: boolean;
    settings: SmppConnectorSettings;
    secret: string;
    senders?: readonly string[];
  },
): Promise<void> {
  const { senders, ...plain } = connector;
  const fields = { ...plain, kind: 'smpp', ...(senders && { senders: [...senders] }) };
  await database.connector.upsert({ where: { id: connector.id }, create: fields, update: fields });
}

/** Of a connector that is there. Its settings stay, so it is not bound anew. */
export async function putConnectorMode(database: RegistryTransaction, id: string, mode: ConnectorMode): Promise<void> {
  await database.connector.update({ where: { id }, data: { mode } });
}

export async function putInboundRoute(database: RegistryTransaction, route: InboundRoute): Promise<void> {
  await database.inboundRoute.upsert({ where: { id: route.id }, create: route, update: route });
}

/** Without `oldUntil` only its first secret signs. */
export async function putWebhook(database: RegistryDatabase, webhook: Omit<Webhook, 'oldUntil'> & Partial<Webhook>): Promise<void> {
  await upsertWebhook(database, { oldUntil: [], ...webhook });
}

/**
 * Changes the webhook of a tenant by what it was, and records it. `change` gives undefined to leave it as it is. Gives what is stored then, or
 * undefined when nothing was changed.
 */
export async function changeWebhookOf(
  database: RegistryDatabase,
  actor: Actor,
  tenantId: string,
  change: (before: Webhook | undefined) => Webhook | undefined,
  done: 'changed' | 'secret_rotated' = 'changed',
): Promise<Webhook | undefined> {
  return audited(database, actor, async (transaction) => {
    const before = (await transaction.webhook.findUnique({ where: { tenantId } })) ?? undefined;
    const after = change(before);
    if (!after) return { result: undefined, changes: [] };
    await upsertWebhook(transaction, after);
    const action = before ? (`webhook.${done}` as const) : 'webhook.created';
    return { result: after, changes: [{ tenantId, action, subject: tenantId, before, after }] };
  });
}

async function upsertWebhook(database: RegistryTransaction, webhook: Webhook): Promise<void> {
  const fields = { ...webhook, secrets: [...webhook.secrets], oldUntil: [...webhook.oldUntil] };
  await database.webhook.upsert({ where: { tenantId: webhook.tenantId }, create: fields, update: fields });
}
