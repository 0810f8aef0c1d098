import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pricePage, pricePageQuery } from '../price-plans/price.ts';
import { connectorPrices, connectorPricesPut } from './schema.ts';

/** What providers take for messages. */
export const buyPriceEndpoints = {
  connectorPrices: {
    method: 'get',
    path: '/v1/connectors/{id}/prices',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'List what messages by a connector cost',
    description: 'For operators. In pages: give next of one answer as after to get the next.',
    idOf: 'connector',
    query: pricePageQuery,
    answer: { status: 200, description: 'A page of the prices that its provider takes', schemas: [pricePage] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putConnectorPrices: {
    method: 'put',
    path: '/v1/connectors/{id}/prices',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Say what messages by a connector cost',
    description:
      'For operators. All its prices are replaced at once. The cost of a message is that of the moment in which it is routed; the same price counts as of a ' +
      'price plan. Messages to numbers that none fits have no cost that is known, and are never refused for a loss.',
    idOf: 'connector',
    body: connectorPricesPut,
    examples: { one: { prices: [{ prefix: '31', credits: '0.7' }] } },
    answer: { status: 200, description: 'How many prices it has now', schemas: [connectorPrices] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
  deleteConnectorPrices: {
    method: 'delete',
    path: '/v1/connectors/{id}/prices',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Forget what messages by a connector cost',
    description: 'For operators. What was routed already keeps its cost.',
    idOf: 'connector',
    answer: { status: 204, description: 'It has no prices', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
