import { putTenant, tenantDefaults, type Tenant } from '@heliograph/registry';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { timeText } from '../../http/time.ts';
import { badId, notFound, put, readId, unchanged, unknownReference } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { tenantEndpoints } from './endpoints.ts';
import type { tenant } from './schema.ts';

export function createTenantOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof tenantEndpoints> {
  return {
    tenants: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.tenant.findMany(pageArguments(query)), query.limit);
        return { ok: true, body: { tenants: rows.map(showTenant), next } };
      }),
    async tenant({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const row = await database.tenant.findUnique({ where: { id } });
        return row ? { ok: true, body: showTenant(row) } : notFound('tenant');
      });
    },
    async putTenant({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        if (!(await transaction.pricePlan.findUnique({ where: { id: body.pricePlanId } })))
          return unchanged(unknownReference('/pricePlanId', 'there is no price plan with this id'));
        const before = await transaction.tenant.findUnique({ where: { id } });
        await putTenant(transaction, { ...tenantDefaults, id, ...body });
        const after = await transaction.tenant.findUniqueOrThrow({ where: { id } });
        return put({ noun: 'tenant', id, tenantId: id, before: before && showTenant(before), after: showTenant(after) });
      });
    },
  };
}

function showTenant(row: Tenant & { readonly createdAt: Date }): z.infer<typeof tenant> {
  const {
    id,
    name,
    enabled,
    pricePlanId,
    defaultCountry,
    segmentsPerSecond,
    parameterSecrets,
    refuseAtLoss,
    senders = [],
    createdAt,
  } = row;
  const shown = {
    id,
    name,
    enabled,
    pricePlanId,
    defaultCountry,
    segmentsPerSecond,
    parameterSecrets,
    senders: [...senders],
    refuseAtLoss,
  };
  return { ...shown, createdAt: timeText(createdAt.getTime()) };
}
