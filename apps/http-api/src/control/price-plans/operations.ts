import type { FinalState } from '@heliograph/message';
import { writePricePlan, type PricePlan } from '@heliograph/registry';
import type { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import type { Operations } from '../../http/endpoint.ts';
import { microCreditsOf } from '../amount.ts';
import { badId, notFound, put, readId } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { pricePlanEndpoints } from './endpoints.ts';
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
        const row = await database.pricePlan.findUnique({ where: { id }, include: { prices: true } });
        return row ? { ok: true, body: showPricePlan(row) } : notFound('price_plan');
      });
    },
    async putPricePlan({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const prices = body.prices.map(({ prefix, credits }) => ({ prefix, microCreditsPerSegment: microCreditsOf(credits) }));
      const plan: PricePlan = { id, ...body, prices };
      return changes.make(by, async (transaction) => {
        const before = await transaction.pricePlan.findUnique({ where: { id }, include: { prices: true } });
        await writePricePlan(transaction, plan);
        return put({ noun: 'price_plan', id, before: before && showPricePlan(before), after: showPricePlan(plan) });
      });
    },
  };
}

function showPricePlan({ id, name, refunds, prices }: PricePlan): z.infer<typeof pricePlan> {
  const shown = prices
    .toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1))
    .map(({ prefix, microCreditsPerSegment }) => ({ prefix, credits: creditsText(microCreditsPerSegment) }));
  return { id, name, refunds: refunds as readonly FinalState[] as Refunds, prices: shown };
}
