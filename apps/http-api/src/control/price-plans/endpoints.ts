import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { pricePlan, pricePlanList, pricePlanPut } from './schema.ts';

/** What messages cost, and what is given back. */
export const pricePlanEndpoints = {
  pricePlans: {
    method: 'get',
    path: '/v1/price-plans',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'List the price plans',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: pageQuery,
    answer: { status: 200, description: 'A page of price plans', schemas: [pricePlanList] },
    problems: ['invalid', 'unavailable'],
  },
  pricePlan: {
    method: 'get',
    path: '/v1/price-plans/{id}',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'Look at a price plan',
    description: 'For operators.',
    idOf: 'price plan',
    answer: { status: 200, description: 'The price plan with all its prices', schemas: [pricePlan] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putPricePlan: {
    method: 'put',
    path: '/v1/price-plans/{id}',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Create or replace a price plan',
    description: 'For operators. All its prices are replaced at once; they count for messages that are accepted from then on.',
    idOf: 'price plan',
    body: pricePlanPut,
    examples: {
      two: {
        name: 'Standard',
        prices: [
          { prefix: '', credits: '1' },
          { prefix: '31', credits: '0.85' },
        ],
      },
    },
    answer: { status: 200, description: 'The price plan as it is now', created: 'The new price plan', schemas: [pricePlan] },
    problems: [...bodyProblems, 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
