import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { tenant, tenantList, tenantPut } from './schema.ts';

/** Who pays and submits. */
export const tenantEndpoints = {
  tenants: {
    method: 'get',
    path: '/v1/tenants',
    scope: 'tenants:read',
    ofTenant: false,
    summary: 'List the tenants',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: pageQuery,
    answer: { status: 200, description: 'A page of tenants', schemas: [tenantList] },
    problems: ['invalid', 'unavailable'],
  },
  tenant: {
    method: 'get',
    path: '/v1/tenants/{id}',
    scope: 'tenants:read',
    ofTenant: false,
    summary: 'Look at a tenant',
    description: 'For operators.',
    idOf: 'tenant',
    answer: { status: 200, description: 'The tenant', schemas: [tenant] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putTenant: {
    method: 'put',
    path: '/v1/tenants/{id}',
    scope: 'tenants:write',
    ofTenant: false,
    summary: 'Create or replace a tenant',
    description:
      'For operators. What is left out gets its default, also where it was something else before. A tenant is never deleted: disable it, and all its credentials are refused within a second.',
    idOf: 'tenant',
    body: tenantPut,
    examples: {
      small: { name: 'Acme', pricePlanId: 'standard' },
      disabled: { name: 'Acme', pricePlanId: 'standard', defaultCountry: 'NL', enabled: false },
    },
    answer: { status: 200, description: 'The tenant as it is now', created: 'The new tenant', schemas: [tenant] },
    problems: [...bodyProblems, 'unknown_reference', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
