import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { pricePage, pricePageQuery } from './price.ts';
import { pricePlan, pricePlanList, pricePlanPut, pricesPost, pricesPosted, pricesPostQuery } from './schema.ts';

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
    description:
      'For operators. All its prices are replaced at once; they count for messages that are accepted from then on. Of the prices that are valid at ' +
      "the moment the most specific counts: that of the number's network (mcc and mnc), that of its network's country (mcc), that of its longest prefix.",
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
      dated: {
        name: 'Standard',
        prices: [
          { prefix: '', credits: '1' },
          { mcc: '204', mnc: '04', credits: '0.8', validUntil: '2027-01-01T00:00:00Z' },
          { mcc: '204', mnc: '04', credits: '0.9', validFrom: '2027-01-01T00:00:00Z' },
        ],
      },
    },
    answer: { status: 200, description: 'The price plan as it is now', created: 'The new price plan', schemas: [pricePlan] },
    problems: [...bodyProblems, 'unavailable'],
  },
  prices: {
    method: 'get',
    path: '/v1/price-plans/{id}/prices',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'List the prices of a plan',
    description: 'For operators. In pages: give next of one answer as after to get the next.',
    idOf: 'price plan',
    query: pricePageQuery,
    answer: { status: 200, description: 'A page of its prices', schemas: [pricePage] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  postPrices: {
    method: 'post',
    path: '/v1/price-plans/{id}/prices',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Change many prices of a plan',
    description:
      'For operators. Takes a CSV, as text/csv or in JSON: its lines are the new prices of their prefixes or networks, the other prices stay. ' +
      'All of it or nothing: a fault is named by its line, as /csv/2/credits. At most 100,000 lines at once.',
    idOf: 'price plan',
    query: pricesPostQuery,
    body: pricesPost,
    csvBody: true,
    examples: { two: { csv: 'prefix,mcc,mnc,credits\n31,,,0.85\n,204,04,0.80\n' } },
    answer: { status: 200, description: 'What the plan has now', schemas: [pricesPosted] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
