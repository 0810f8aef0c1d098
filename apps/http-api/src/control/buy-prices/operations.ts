import { isDeepStrictEqual } from 'node:util';
import { addPrices, listPrices, removePrices, type Price, type RegistryTransaction } from '@heliograph/registry';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { badId, notFound, readId, unchanged } from '../answers.ts';
import { pageOfPrices, placeOf, priceOf, pricesMax, showPrices } from '../price-plans/price.ts';
import type { By } from '../actor.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { buyPriceEndpoints } from './endpoints.ts';

export function createBuyPriceOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof buyPriceEndpoints> {
  /** Its prices are these from now on. */
  function replace(by: By, id: string, { prices, answer }: { readonly prices: readonly Price[]; readonly answer: ApiAnswer }) {
    return changes.make(by, async (transaction) => {
      if (!(await isConnector(transaction, id))) return unchanged(notFound('connector'));
      const of = { of: 'connector', id } as const;
      const before = showPrices(await listPrices(transaction, of, { limit: pricesMax }));
      const after = showPrices(prices);
      if (isDeepStrictEqual(before, after)) return unchanged(answer);
      await removePrices(transaction, of);
      await addPrices(transaction, of, prices);
      const change = { before: { prices: before }, after: { prices: after } };
      return { result: answer, changes: [{ tenantId: '', action: 'connector.prices_changed', subject: id, ...change }] };
    });
  }

  return {
    async connectorPrices({ params, query: { limit, after } }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        if (!(await isConnector(database, id))) return notFound('connector');
        const rows = await listPrices(database, { of: 'connector', id }, { after: placeOf(after), limit: limit + 1 });
        return { ok: true, body: pageOfPrices(rows, limit) };
      });
    },
    async putConnectorPrices({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return replace(by, id, { prices: body.prices.map(priceOf), answer: { ok: true, body: { priceCount: body.prices.length } } });
    },
    async deleteConnectorPrices({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return replace(by, id, { prices: [], answer: { ok: true } });
    },
  };
}

async function isConnector(database: RegistryTransaction, id: string): Promise<boolean> {
  return (await database.connector.count({ where: { id } })) > 0;
}
