import type { Endpoint } from '../http/endpoint.ts';
import { usage, usageQuery } from './schema.ts';

/** What each message cost. */
export const usageEndpoints = {
  usage: {
    method: 'get',
    path: '/v1/usage',
    scope: 'messages:read',
    ofTenant: true,
    csv: true,
    summary: 'Get usage records',
    description:
      'Every message of a time with what it cost and what was given back, however many there are: the answer is written as it is read, and one that breaks off is not whole. ' +
      'States and refunds are those of the moment. As long as the history is kept, and without what has been erased of it. With format=csv or Accept: text/csv as a ' +
      'table; a text that a spreadsheet would take for a formula has an apostrophe before it there.',
    query: usageQuery,
    answer: { status: 200, description: 'The records', schemas: [usage] },
    problems: ['invalid', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
