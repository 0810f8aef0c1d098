import type { Vault } from '@heliograph/credential';
import { putConnectorMode, putSmppConnector, ruleNaming } from '@heliograph/registry';
import { nobodyAnswers } from '../../http/ask.ts';
import type { Operations } from '../../http/endpoint.ts';
import { badId, inUse, notFound, put, readId, removed, unchanged, wrong } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import { changeConnector, modeOf, showConnector, type StoredConnector } from './connector.ts';
import type { connectorEndpoints } from './endpoints.ts';
import { showHealth, stateOf } from './health.ts';
import type { Healths } from './healths.ts';

export interface ConnectorOperationsOptions {
  readonly changes: RegistryChanges;
  readonly vault: Pick<Vault, 'seal'>;
  readonly healths: Healths;
}

export function createConnectorOperations(options: ConnectorOperationsOptions): Operations<typeof connectorEndpoints> {
  const { changes, vault, healths } = options;
  const showListed = (row: StoredConnector) => ({ ...showConnector(row), state: stateOf(healths.of(row.id)) });
  return {
    connectors: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.connector.findMany(pageArguments(query)), query.limit);
        return { ok: true, body: { connectors: rows.map(showListed), next } };
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
    async connectorHealth({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const row = await database.connector.findUnique({ where: { id } });
        if (!row) return notFound('connector');
        const [setAside, quality] = await Promise.all([healths.setAside(id), healths.quality(id)]);
        if (!setAside) return nobodyAnswers;
        return { ok: true, body: showHealth({ mode: modeOf(row), healths: healths.of(id), setAside, quality }) };
      });
    },
    async putConnectorMode({ params, body: { mode }, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await transaction.connector.findUnique({ where: { id } });
        if (!before) return unchanged(notFound('connector'));
        await putConnectorMode(transaction, id, mode);
        return put({ noun: 'connector', id, before: showConnector(before), after: showConnector({ ...before, mode }) });
      });
    },
    async deleteConnector({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await transaction.connector.findUnique({ where: { id } });
        if (!before) return unchanged(notFound('connector'));
        const naming = await ruleNaming(transaction, id);
        if (naming)
          return unchanged(inUse(`the route ${naming.id}${naming.draft === null ? '' : ` of the draft ${naming.draft}`} leads to it`));
        await transaction.connector.delete({ where: { id } });
        return removed('connector', id, showConnector(before));
      });
    },
  };
}
