import type { FinalState } from '@heliograph/message';
import {
  addPrices,
  listPrices,
  removePrices,
  removePricesOf,
  writePricePlan,
  type PricePlan,
  type RegistryTransaction,
} from '@heliograph/registry';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { badId, notFound, put, readId, unchanged, wrong } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { pricePlanEndpoints } from './endpoints.ts';
import { pageOfPrices, placeOf, priceOf, pricesMax, showPrices } from './price.ts';
import { readPriceCsv } from './price-csv.ts';
import type { pricePlan } from './schema.ts';

type Refunds = z.infer<typeof pricePlan>['refunds'];

export function createPricePlanOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof pricePlanEndpoints> {
  return {
    pricePlans: ({ query }) =>
      changes.look(async (database) => {
        const found = await database.pricePlan.findMany({ ...pageArguments(query), include: { _count: { select: { prices: true } } } });
        const { rows, next } = pageOf(found, query.limit);
        const shown = rows.map(({ id, name, refunds, _count }) => ({ id, name, refunds, priceCount: _count.prices }));
        return { ok: true, body: { pricePlans: shown, next } };
      }),
    async pricePlan({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const body = await readPlan(database, id);
        return body ? { ok: true, body } : notFound('price_plan');
      });
    },
    async putPricePlan({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const plan: PricePlan = { id, ...body, prices: body.prices.map(priceOf) };
      return changes.make(by, async (transaction) => {
        const before = await readPlan(transaction, id);
        await writePricePlan(transaction, plan);
        return put({ noun: 'price_plan', id, before, after: showPricePlan(plan) });
      });
    },
    async prices({ params, query: { limit, after } }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        if (!(await database.pricePlan.findUnique({ where: { id } }))) return notFound('price_plan');
        const rows = await listPrices(database, { of: 'plan', id }, { after: placeOf(after), limit: limit + 1 });
        return { ok: true, body: pageOfPrices(rows, limit) };
      });
    },
    async postPrices({ params, query, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const read = readPriceCsv(body.csv);
      if (!read.ok) return wrong(read.errors);
      const prices = read.lines.flatMap(({ price }) => (price ? [price] : []));
      return changes.make(by, async (transaction) => {
        if (!(await transaction.pricePlan.findUnique({ where: { id } }))) return unchanged(notFound('price_plan'));
        const plan = { of: 'plan', id } as const;
        const before = await transaction.price.count({ where: { planId: id } });
        if (query.replace === 'all') await removePrices(transaction, plan);
        else
          await removePricesOf(
            transaction,
            plan,
            read.lines.map(({ key }) => key),
          );
        await addPrices(transaction, plan, prices);
        const priceCount = await transaction.price.count({ where: { planId: id } });
        // too many to be on record one by one
        const change = { before: { priceCount: before }, after: { priceCount, lines: read.lines.length, replace: query.replace } };
        return {
          result: { ok: true, body: { given: prices.length, priceCount } },
          changes: [{ tenantId: '', action: 'price_plan.prices_changed', subject: id, ...change }],
        };
      });
    },
  };
}

async function readPlan(database: RegistryTransaction, id: string): Promise<z.infer<typeof pricePlan> | null> {
  const row = await database.pricePlan.findUnique({ where: { id } });
  if (!row) return null;
  const { prices, next } = pageOfPrices(await listPrices(database, { of: 'plan', id }, { limit: pricesMax + 1 }), pricesMax);
  return { id, name: row.name, refunds: row.refunds as Refunds, prices, ...(next === null ? {} : { next }) };
}

function showPricePlan({ id, name, refunds, prices }: PricePlan): z.infer<typeof pricePlan> {
  return { id, name, refunds: refunds as readonly FinalState[] as Refunds, prices: showPrices(prices) };
}
