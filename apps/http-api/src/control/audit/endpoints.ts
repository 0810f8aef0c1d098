import type { Endpoint } from '../../http/endpoint.ts';
import { auditList, auditQuery } from './schema.ts';

/** Who changed what. */
export const auditEndpoints = {
  audit: {
    method: 'get',
    path: '/v1/audit',
    scope: 'audit:read',
    ofTenant: false,
    summary: 'See who changed what',
    description: "Newest first. An operator sees everything, or one tenant's; a tenant sees its own.",
    query: auditQuery,
    answer: { status: 200, description: 'A page of the audit log', schemas: [auditList] },
    problems: ['invalid', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
