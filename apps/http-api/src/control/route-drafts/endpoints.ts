import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { routePut } from '../routes/schema.ts';
import { published } from '../route-versions/schema.ts';
import { draft, draftHead, draftList, draftPost, draftPublish, draftTable, draftTry, routesOctetsMax, tried } from './schema.ts';

/** Changes of routes that are seen and tried before they hold, all at once. */
export const routeDraftEndpoints = {
  routeDrafts: {
    method: 'get',
    path: '/v1/route-drafts',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'List the route drafts',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: pageQuery,
    answer: { status: 200, description: 'A page of drafts', schemas: [draftList] },
    problems: ['invalid', 'unavailable'],
  },
  addRouteDraft: {
    method: 'post',
    path: '/v1/route-drafts',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Begin a route draft',
    description: 'For operators. It changes nothing yet; its base is the version of the route table that is published now.',
    body: draftPost,
    examples: { plain: {}, noted: { note: 'to the new provider' } },
    answer: { status: 201, description: 'The new draft', schemas: [draftHead] },
    problems: [...bodyProblems, 'unavailable'],
  },
  routeDraft: {
    method: 'get',
    path: '/v1/route-drafts/{id}',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'Look at a route draft',
    description: 'For operators. What it adds, changes and removes, with the rules before and after, in pages.',
    idOf: 'route draft',
    query: pageQuery,
    answer: { status: 200, description: 'The draft', schemas: [draft] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  deleteRouteDraft: {
    method: 'delete',
    path: '/v1/route-drafts/{id}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Throw a route draft away',
    description: 'For operators.',
    idOf: 'route draft',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putDraftRoute: {
    method: 'put',
    path: '/v1/route-drafts/{id}/routes/{routeId}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Create or replace a route in a draft',
    description: 'For operators. A route as it is in the base of the draft is no change of it.',
    idOf: 'route draft',
    body: routePut,
    examples: { country: { prefix: '31', connectorId: 'south' } },
    answer: { status: 200, description: 'The draft', schemas: [draftHead] },
    problems: [...bodyProblems, 'not_found', 'unknown_reference', 'unavailable'],
  },
  deleteDraftRoute: {
    method: 'delete',
    path: '/v1/route-drafts/{id}/routes/{routeId}',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Delete a route in a draft',
    description: 'For operators. Publishing the draft deletes it.',
    idOf: 'route draft',
    answer: { status: 200, description: 'The draft', schemas: [draftHead] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putDraftRoutes: {
    method: 'put',
    path: '/v1/route-drafts/{id}/routes',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Give all routes of a draft',
    description:
      'For operators. The whole table, as it is to be: whatever the draft said before is forgotten, and what is not in the table is removed.',
    idOf: 'route draft',
    body: draftTable,
    bodyOctetsMax: routesOctetsMax,
    examples: {
      two: {
        routes: { nl: { when: { prefixes: ['31'] }, targets: [{ connectorId: 'south' }] }, all: { targets: [{ connectorId: 'north' }] } },
      },
    },
    answer: { status: 200, description: 'The draft', schemas: [draftHead] },
    problems: [...bodyProblems, 'not_found', 'unknown_reference', 'unavailable'],
  },
  publishRouteDraft: {
    method: 'post',
    path: '/v1/route-drafts/{id}:publish',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Publish a route draft',
    description:
      'For operators. All its changes hold at once, as a new version, beside those of other routes that were published since; the draft is gone. Where somebody else has ' +
      'published another change of one of its routes since, nothing is published, unless force is true.',
    idOf: 'route draft',
    body: draftPublish,
    examples: { plain: {}, forced: { force: true } },
    answer: { status: 200, description: 'The version that holds now', schemas: [published] },
    problems: [...bodyProblems, 'not_found', 'conflict', 'unknown_reference', 'unavailable'],
  },
  tryRouteDraft: {
    method: 'post',
    path: '/v1/route-drafts/{id}:try',
    scope: 'routes:read',
    ofTenant: false,
    summary: 'See what a route draft would change',
    description:
      'For operators. Routes the newest messages, each at the time it was accepted, by the published routes and by the draft, as if every connector answered. ' +
      'Nothing is stored or sent.',
    idOf: 'route draft',
    body: draftTry,
    examples: { usual: {}, many: { limit: 10_000 } },
    answer: { status: 200, description: 'What would be different', schemas: [tried] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
