import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import { guards, operatorGuards, ownGuards } from './schema.ts';

const examples = {
  caps: { dailyCap: '500', destinationCaps: [{ prefix: '44', credits: '50.5' }], segmentsMax: 6 },
  destinations: { allow: ['31', '32', '49'], deny: ['3197'] },
  review: { velocity: { messages: 100, windowSeconds: 600 } },
};

/** What holds a tenant back. */
export const guardEndpoints = {
  guards: {
    method: 'get',
    path: '/v1/guards',
    scope: 'guards:read',
    ofTenant: true,
    summary: 'Look at your guards',
    description: 'Spending caps, where you may send, and what is held for a review: as the operator set it and as you did. Both hold.',
    answer: { status: 200, description: 'Your guards', schemas: [guards] },
    problems: ['not_found', 'unavailable'],
  },
  putGuards: {
    method: 'put',
    path: '/v1/guards',
    scope: 'guards:write',
    ofTenant: true,
    summary: 'Set your own guards',
    description:
      'Beside those of the operator, which they can only tighten. What is left out is set to its default. They hold within a second.',
    body: ownGuards,
    examples,
    answer: { status: 200, description: 'Your guards as they are now', schemas: [guards] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
  tenantGuards: {
    method: 'get',
    path: '/v1/tenants/{id}/guards',
    scope: 'tenants:read',
    ofTenant: false,
    summary: "Look at a tenant's guards",
    description: 'For operators.',
    idOf: 'tenant',
    answer: { status: 200, description: 'Its guards', schemas: [guards] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putTenantGuards: {
    method: 'put',
    path: '/v1/tenants/{id}/guards',
    scope: 'tenants:write',
    ofTenant: false,
    summary: "Set a tenant's guards",
    description: 'For operators. What is left out is set to its default; what the tenant itself has set stays, and holds beside it.',
    idOf: 'tenant',
    body: operatorGuards,
    examples: { ...examples, premium: { allowPremium: ['8816'] } },
    answer: { status: 200, description: 'Its guards as they are now', schemas: [guards] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
