import type { Endpoint } from '../../http/endpoint.ts';
import { differenceList, differencesQuery, proof, proofQuery } from './schema.ts';

/** Whether the money is right, for operators. */
export const differenceEndpoints = {
  differences: {
    method: 'get',
    path: '/v1/differences',
    scope: 'tenants:read',
    ofTenant: false,
    summary: 'See where ledger, streams and history differ',
    description: 'For operators. They are compared every minute. What agrees again is resolved and stays listed.',
    query: differencesQuery,
    answer: { status: 200, description: 'A page of differences', schemas: [differenceList] },
    problems: ['invalid', 'unavailable'],
  },
  proof: {
    method: 'get',
    path: '/v1/proof',
    scope: 'tenants:read',
    ofTenant: false,
    summary: 'See the proof of the ledger',
    description:
      'For operators. Of every tenant: funds = balance + leased + charged - refunded, added up from the entries of the ledger at the moment you ask.',
    query: proofQuery,
    answer: { status: 200, description: 'A page of tenants', schemas: [proof] },
    problems: ['invalid', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
