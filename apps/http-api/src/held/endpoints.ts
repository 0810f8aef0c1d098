import type { Endpoint } from '../http/endpoint.ts';
import { heldList, heldQuery, reviewed } from './schema.ts';

/** What waits for a review: accepted and charged, and not sent until somebody says so. */
export const heldEndpoints = {
  held: {
    method: 'get',
    path: '/v1/held',
    scope: 'messages:read',
    ofTenant: false,
    summary: 'List messages that are held for a review',
    description:
      'Yours; for operators those of every tenant, or of the one named in Heliograph-Tenant. Newest first, a page at a time. Held is what is more than ' +
      'the guards let go to one block of numbers at once. A message that nobody releases expires at the end of its validity.',
    query: heldQuery,
    answer: { status: 200, description: 'A page of messages', schemas: [heldList] },
    problems: ['invalid', 'unavailable'],
  },
  releaseHeld: {
    method: 'post',
    path: '/v1/held/{id}:release',
    scope: 'held:review',
    ofTenant: false,
    summary: 'Let a held message go on',
    description: 'It is sent now, or at the time that was asked for. What the settings of the operator hold, only an operator releases.',
    idOf: 'message',
    answer: { status: 200, description: 'It goes on', schemas: [reviewed] },
    problems: ['not_found', 'not_held', 'unavailable'],
  },
  rejectHeld: {
    method: 'post',
    path: '/v1/held/{id}:reject',
    scope: 'held:review',
    ofTenant: false,
    summary: 'Refuse a held message',
    description: 'It ends as cancelled, at once or within seconds. What was charged for it comes back if the price plan says so.',
    idOf: 'message',
    answer: { status: 200, description: 'It will not be sent', schemas: [reviewed] },
    problems: ['not_found', 'not_held', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
