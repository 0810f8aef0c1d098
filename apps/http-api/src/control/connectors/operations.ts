import type { Vault } from '@heliograph/credential';
import { putSmppConnector } from '@heliograph/registry';
import type { Operations } from '../../http/endpoint.ts';
import { badId, inUse, notFound, put, readId, removed, unchanged, wrong } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import { changeConnector, showConnector } from './connector.ts';
import type { connectorEndpoints } from './endpoints.ts';

export interface ConnectorOperationsOptions {
  readonly changes: RegistryChanges;
  readonly vault: Pick<Vault, 'seal'>;
}

export function createConnectorOperations({ changes, vault }: ConnectorOperationsOptions): Operations<typeof connectorEndpoints> {
  return {
    connectors: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.connector.findMany(pageArguments(query)), query.limit);
        return { ok: true, body: { connectors: rows.map(showConnector), next } };
      }),
    async connector({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const row = await database.connector.findUnique({ where: { id } });
        return row ? { ok: true, body: showConnector(row) } : notFound('connector');
      });
    },
    async putConnector({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = (await transaction.connector.findUnique({ where: { id } })) ?? undefined;
        const changed = changeConnector(id, before, body, vault);
        if (!changed.ok) return unchanged(wrong(changed.errors));
        await putSmppConnector(transaction, changed.connector);
        const after = showConnector(changed.connector);
        const secretsGiven = (['password', 'tlsKey'] as const).filter((name) => body[name] !== undefined);
        return put({ noun: 'connector', id, before: before ? showConnector(before) : null, after, secretsGiven });
      });
    },
    async deleteConnector({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await transaction.connector.findUnique({ where: { id } });
        if (!before) return unchanged(notFound('connector'));
        const route = await transaction.route.findFirst({ where: { connectorId: id }, orderBy: { id: 'asc' } });
        if (route) return unchanged(inUse(`the route ${route.id} leads to it`));
        await transaction.connector.delete({ where: { id } });
        return removed('connector', id, showConnector(before));
      });
    },
  };
}
