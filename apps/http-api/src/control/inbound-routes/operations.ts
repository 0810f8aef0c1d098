import { inboundAddress, inboundKeyword, putInboundRoute, type InboundRoute } from '@heliograph/registry';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { badId, inUse, notFound, put, readId, removed, unchanged, unknownReference } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { inboundRouteEndpoints } from './endpoints.ts';
import type { inboundRoute } from './schema.ts';

export function createInboundRouteOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof inboundRouteEndpoints> {
  return {
    inboundRoutes: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.inboundRoute.findMany(pageArguments(query)), query.limit);
        return { ok: true, body: { inboundRoutes: rows.map(showInboundRoute), next } };
      }),
    async inboundRoute({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const row = await database.inboundRoute.findUnique({ where: { id } });
        return row ? { ok: true, body: showInboundRoute(row) } : notFound('inbound_route');
      });
    },
    async putInboundRoute({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const given: InboundRoute = { id, ...body, address: inboundAddress(body.address), keyword: inboundKeyword(body.keyword) };
      const { address, match, keyword, tenantId, credentialId } = given;
      return changes.make(by, async (transaction) => {
        if (!(await transaction.tenant.findUnique({ where: { id: tenantId } })))
          return unchanged(unknownReference('/tenantId', 'there is no tenant with this id'));
        if (credentialId !== null && !(await transaction.credential.findFirst({ where: { id: credentialId, tenantId, kind: 'smpp' } })))
          return unchanged(unknownReference('/credentialId', 'the tenant has no SMPP credential with this id'));
        const other = await transaction.inboundRoute.findUnique({
          where: { address_match_keyword: { address, match, keyword } },
        });
        if (other && other.id !== id) return unchanged(inUse(`the inbound route ${other.id} is of the same messages`, '/address'));
        const before = await transaction.inboundRoute.findUnique({ where: { id } });
        await putInboundRoute(transaction, given);
        return put({ noun: 'inbound_route', id, before: before && showInboundRoute(before), after: showInboundRoute(given) });
      });
    },
    async deleteInboundRoute({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await transaction.inboundRoute.findUnique({ where: { id } });
        if (!before) return unchanged(notFound('inbound_route'));
        await transaction.inboundRoute.delete({ where: { id } });
        return removed('inbound_route', id, showInboundRoute(before));
      });
    },
  };
}

type Stored = Omit<InboundRoute, 'match'> & { readonly match: string };

function showInboundRoute({ id, address, match, keyword, tenantId, credentialId }: Stored): z.infer<typeof inboundRoute> {
  return { id, address, match: match as InboundRoute['match'], keyword, tenantId, credentialId };
}
