import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { route, routeList, routePut } from './schema.ts';

/** Which connector serves which numbers. */
export const routeEndpoints = {
  routes: {
    method: 'get',
    path: '/v1/routes',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the routes',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: pageQuery,
    answer: { status: 200, description: 'A page of routes', schemas: [routeList] },
    problems: ['invalid', 'unavailable'],
  },
  route: {
    method: 'get',
    path: '/v1/routes/{id}',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'Look at a route',
    description: 'For operators.',
    idOf: 'route',
    answer: { status: 200, description: 'The route', schemas: [route] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putRoute: {
    method: 'put',
    path: '/v1/routes/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Create or replace a route',
    description: 'For operators. The longest prefix that a number begins with decides; a prefix has one route.',
    idOf: 'route',
    body: routePut,
    examples: { country: { prefix: '31', connectorId: 'north' }, everything: { prefix: '', connectorId: 'north' } },
    answer: { status: 200, description: 'The route as it is now', created: 'The new route', schemas: [route] },
    problems: [...bodyProblems, 'unknown_reference', 'in_use', 'unavailable'],
  },
  deleteRoute: {
    method: 'delete',
    path: '/v1/routes/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Delete a route',
    description: 'For operators. Numbers that no other route serves are refused from then on.',
    idOf: 'route',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
