import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { published, rollBackPost, routeVersionList, versionRoutes, versionsQuery } from './schema.ts';

/** What the route table was, and how to have it back. */
export const routeVersionEndpoints = {
  routeVersions: {
    method: 'get',
    path: '/v1/route-versions',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the versions of the route table',
    description: 'For operators. Newest first, in pages. Every change of routes makes one, and all of them are kept.',
    query: versionsQuery,
    answer: { status: 200, description: 'A page of versions', schemas: [routeVersionList] },
    problems: ['invalid', 'unavailable'],
  },
  versionRoutes: {
    method: 'get',
    path: '/v1/route-versions/{id}/routes',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the routes of a version',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    idOf: 'route version',
    query: pageQuery,
    answer: { status: 200, description: 'A page of routes', schemas: [versionRoutes] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  rollBackRoutes: {
    method: 'post',
    path: '/v1/route-versions/{id}:rollBack',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Have a version of the route table back',
    description:
      'For operators. All routes are what they were in that version, at once, as a new version: rolling back can be rolled back. Refused where a connector of it is gone.',
    idOf: 'route version',
    body: rollBackPost,
    examples: { plain: {}, noted: { note: 'north answers again' } },
    answer: { status: 200, description: 'The version that holds now', schemas: [published] },
    problems: [...bodyProblems, 'not_found', 'unknown_reference', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
