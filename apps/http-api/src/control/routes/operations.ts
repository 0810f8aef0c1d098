import { putRoute, type Route } from '@heliograph/registry';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { badId, inUse, notFound, put, readId, removed, unchanged, unknownReference } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { routeEndpoints } from './endpoints.ts';
import type { route } from './schema.ts';

export function createRouteOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof routeEndpoints> {
  return {
    routes: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.route.findMany(pageArguments(query)), query.limit);
        return { ok: true, body: { routes: rows.map(showRoute), next } };
      }),
    async route({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const row = await database.route.findUnique({ where: { id } });
        return row ? { ok: true, body: showRoute(row) } : notFound('route');
      });
    },
    async putRoute({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        if (!(await transaction.connector.findUnique({ where: { id: body.connectorId } })))
          return unchanged(unknownReference('/connectorId', 'there is no connector with this id'));
        const other = await transaction.route.findUnique({ where: { prefix: body.prefix } });
        if (other && other.id !== id) return unchanged(inUse(`the route ${other.id} has this prefix`, '/prefix'));
        const before = await transaction.route.findUnique({ where: { id } });
        await putRoute(transaction, { id, ...body });
        return put({ noun: 'route', id, before: before && showRoute(before), after: { id, ...body } });
      });
    },
    async deleteRoute({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await transaction.route.findUnique({ where: { id } });
        if (!before) return unchanged(notFound('route'));
        await transaction.route.delete({ where: { id } });
        return removed('route', id, showRoute(before));
      });
    },
  };
}

function showRoute({ id, prefix, connectorId }: Route): z.infer<typeof route> {
  return { id, prefix, connectorId };
}
