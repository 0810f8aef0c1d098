import { balance } from '../../credits/schema.ts';
import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { adjustment, adjustmentBody, creditLimitBody, topUp, topUpBody } from './schema.ts';

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
  adjustment: {
    method: 'post',
    path: '/v1/tenants/{id}/adjustments',
    scope: 'credits:write',
    ofTenant: false,
    summary: "Adjust a tenant's credits",
    description:
      'For operators: puts right what was wrong, up or down, as entries of the ledger are never changed. Funds and balance change alike. Nothing is taken that would ' +
      'leave the balance below the credit limit; what is leased at the moment is not in it. Ask again with the same key when no answer came.',
    idOf: 'tenant',
    body: adjustmentBody,
    examples: { less: { credits: '-12.5', key: 'ticket 4711', reason: 'invoice 2026-1187 was entered twice' } },
    answer: { status: 201, description: 'It is in the ledger', schemas: [adjustment] },
    problems: [...bodyProblems, 'not_found', 'key_reused', 'below_limit', 'unavailable'],
  },
  putCreditLimit: {
    method: 'put',
    path: '/v1/tenants/{id}/credit-limit',
    scope: 'credits:write',
    ofTenant: false,
    summary: "Set a tenant's credit limit",
    description:
      'For operators: how far its balance may go below zero, for those who pay later. Lowered below what is used already, nothing more is granted until that is paid; ' +
      'overdrawn says how much it is.',
    idOf: 'tenant',
    body: creditLimitBody,
    examples: { thousand: { credits: '1000' }, prepaid: { credits: '0' } },
    answer: { status: 200, description: 'Its credits', schemas: [balance] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
