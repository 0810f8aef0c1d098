import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { explanation, explainPost } from './explain-schema.ts';
import { route, routeList, routePut } from './schema.ts';

const cascading = {
  when: { prefixes: ['31', '32'], classes: ['otp'] },
  targets: [{ connectorId: 'north', weight: 3 }, { connectorId: 'south' }],
  cascade: { on: ['refused', 'no_receipt'], noReceiptS: 60 },
};

/** Which connector gets which messages. */
export const routeEndpoints = {
  routes: {
    method: 'get',
    path: '/v1/routes',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the routes',
    description: 'For operators. The rules that are published now, by id, in pages: give next of one answer as after to get the next.',
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
    description:
      'For operators. Of the rules whose filters all fit a message, the first that has a connector for it decides: those of a lower rank first, then those of a ' +
      'longer prefix, of one network before its country, of some tenants before those of all. It holds at once, as a version of its own; several changes at once are a draft.',
    idOf: 'route',
    body: routePut,
    examples: {
      country: { prefix: '31', connectorId: 'north' },
      cheapest: { targets: [{ connectorId: 'north' }, { connectorId: 'south' }], choose: 'least_cost', qualityMin: 0.8 },
      cascading,
      blocking: { rank: 1, when: { text: '(?i)free bitcoin' }, reject: true },
    },
    answer: { status: 200, description: 'The route as it is now', created: 'The new route', schemas: [route] },
    problems: [...bodyProblems, 'unknown_reference', 'unavailable'],
  },
  deleteRoute: {
    method: 'delete',
    path: '/v1/routes/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Delete a route',
    description: 'For operators. Messages that no other route fits are refused from then on. Rolling back brings it back.',
    idOf: 'route',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  explainRoute: {
    method: 'post',
    path: '/v1/routes:explain',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'See which route a message would take, and why',
    description:
      'For operators. As it would be routed now, with what is known of the connectors, or at another time, by an older version or by a draft. Nothing is stored or sent.',
    body: explainPost,
    examples: {
      now: { tenant: 'acme', to: '+31612345678', from: 'Shop', text: 'Your code is 123456', class: 'otp' },
      then: { tenant: 'acme', to: '+31612345678', at: '2026-12-24T20:00:00Z', version: 3 },
    },
    answer: { status: 200, description: 'The decision and how it came about', schemas: [explanation] },
    problems: [...bodyProblems, 'unknown_reference', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
