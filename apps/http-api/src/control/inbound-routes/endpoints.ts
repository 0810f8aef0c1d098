import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { inboundRoute, inboundRouteList, inboundRoutePut, inboundRouteQuery } from './schema.ts';

/** Whose the messages of handsets are. */
export const inboundRouteEndpoints = {
  inboundRoutes: {
    method: 'get',
    path: '/v1/inbound-routes',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the inbound routes',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: inboundRouteQuery,
    answer: { status: 200, description: 'A page of inbound routes', schemas: [inboundRouteList] },
    problems: ['invalid', 'unavailable'],
  },
  inboundRoute: {
    method: 'get',
    path: '/v1/inbound-routes/{id}',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'Look at an inbound route',
    description: 'For operators.',
    idOf: 'inbound route',
    answer: { status: 200, description: 'The inbound route', schemas: [inboundRoute] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putInboundRoute: {
    method: 'put',
    path: '/v1/inbound-routes/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Create or replace an inbound route',
    description:
      'For operators. Says whose the messages are that handsets send to a number. The number itself comes before a prefix of it, a longer prefix before a shorter one, ' +
      'and of either a keyword before any; after the routes come the address ranges of credentials. A message that nothing matches is kept: GET /v1/inbound?unmatched=true.',
    idOf: 'inbound route',
    body: inboundRoutePut,
    examples: {
      number: { address: '+31699887766', tenantId: 'acme', credentialId: 'acme-smpp' },
      keyword: { address: '4040', keyword: 'win', tenantId: 'acme' },
      range: { address: '3169900', match: 'prefix', tenantId: 'acme' },
    },
    answer: { status: 200, description: 'The inbound route as it is now', created: 'The new inbound route', schemas: [inboundRoute] },
    problems: [...bodyProblems, 'unknown_reference', 'in_use', 'unavailable'],
  },
  deleteInboundRoute: {
    method: 'delete',
    path: '/v1/inbound-routes/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Delete an inbound route',
    description: 'For operators. What it matched so far stays with its tenant.',
    idOf: 'inbound route',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
