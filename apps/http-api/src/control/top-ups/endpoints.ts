import { balance } from '../../credits/schema.ts';
import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { topUp, topUpBody } from './schema.ts';

/** A tenant's credits, for operators. */
export const topUpEndpoints = {
  tenantBalance: {
    method: 'get',
    path: '/v1/tenants/{id}/balance',
    scope: 'tenants:read',
    ofTenant: false,
    summary: "Look at a tenant's credits",
    description: 'For operators. At every moment funds = balance + leased + charged - refunded.',
    idOf: 'tenant',
    answer: { status: 200, description: 'Its credits', schemas: [balance] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  topUp: {
    method: 'post',
    path: '/v1/tenants/{id}/top-ups',
    scope: 'credits:write',
    ofTenant: false,
    summary: "Top a tenant's credits up",
    description:
      'For operators. Ask again with the same key when no answer came: it is posted once, however often it is asked. The key with another amount is refused.',
    idOf: 'tenant',
    body: topUpBody,
    examples: { hundred: { credits: '100', key: 'invoice 2026-1187', note: 'paid by bank transfer' } },
    answer: { status: 201, description: 'It is in the ledger', schemas: [topUp] },
    problems: [...bodyProblems, 'not_found', 'key_reused', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
