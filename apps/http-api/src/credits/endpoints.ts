import type { Endpoint } from '../http/endpoint.ts';
import { balance } from './schema.ts';

/** A tenant's credits. */
export const creditEndpoints = {
  balance: {
    method: 'get',
    path: '/v1/balance',
    scope: 'balance:read',
    ofTenant: true,
    summary: 'Look at your credits',
    description: 'At every moment funds = balance + leased + charged - refunded.',
    answer: { status: 200, description: 'Your credits', schemas: [balance] },
    problems: ['unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
