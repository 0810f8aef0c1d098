import type { RegistryDatabase } from './database.ts';
import type { SmppConnectorSettings } from './connector-settings.ts';
import type { Credential, Route, Tenant, Webhook } from './snapshot.ts';

/** Writes to the control plane: each puts one thing, new or changed. Whoever calls tells the others with `registryChanged`. */

export async function putPricePlan(
  database: RegistryDatabase,
  plan: { id: string; name: string; refunds: string[]; prices: { prefix: string; microCreditsPerSegment: bigint }[] },
): Promise<void> {
  const { prices, ...fields } = plan;
  await database.$transaction([
    database.pricePlan.upsert({ where: { id: plan.id }, create: fields, update: fields }),
    database.price.deleteMany({ where: { planId: plan.id } }),
    database.price.createMany({ data: prices.map((price) => ({ ...price, planId: plan.id })) }),
  ]);
}

export async function putTenant(database: RegistryDatabase, tenant: Tenant): Promise<void> {
  await database.tenant.upsert({ where: { id: tenant.id }, create: tenant, update: tenant });
}

export async function putCredential(database: RegistryDatabase, credential: Credential): Promise<void> {
  const fields = { ...credential, allowIps: [...credential.allowIps] };
  await database.credential.upsert({ where: { id: credential.id }, create: fields, update: fields });
}

export async function putSmppConnector(
  database: RegistryDatabase,
  connector: { id: string; groupId: string; enabled: boolean; settings: SmppConnectorSettings; secret: string },
): Promise<void> {
  const fields = { ...connector, kind: 'smpp' };
  await database.connector.upsert({ where: { id: connector.id }, create: fields, update: fields });
}

export async function putRoute(database: RegistryDatabase, route: Route): Promise<void> {
  await database.route.upsert({ where: { id: route.id }, create: route, update: route });
}

export async function putWebhook(database: RegistryDatabase, webhook: Webhook): Promise<void> {
  await upsertWebhook(database, webhook);
}

/**
 * Changes the webhook of a tenant by what it was: changes of one tenant's come one after the other, so that none is lost. `change` gives
 * undefined to leave it as it is. Gives what is stored then, or undefined when nothing was changed.
 */
export async function changeWebhookOf(
  database: RegistryDatabase,
  tenantId: string,
  change: (before: Webhook | undefined) => Webhook | undefined,
): Promise<Webhook | undefined> {
  return database.$transaction(async (transaction) => {
    // there may be no row of the webhook to lock yet
    await transaction.$queryRaw`SELECT 1 FROM "registry"."tenant" WHERE "id" = ${tenantId} FOR UPDATE`;
    const after = change((await transaction.webhook.findUnique({ where: { tenantId } })) ?? undefined);
    if (after) await upsertWebhook(transaction, after);
    return after;
  });
}

async function upsertWebhook(database: Pick<RegistryDatabase, 'webhook'>, webhook: Webhook): Promise<void> {
  const fields = { ...webhook, secrets: [...webhook.secrets] };
  await database.webhook.upsert({ where: { tenantId: webhook.tenantId }, create: fields, update: fields });
}
