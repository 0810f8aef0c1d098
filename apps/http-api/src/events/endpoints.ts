import type { Endpoint } from '../http/endpoint.ts';
import { events, eventsQuery } from './schema.ts';

/** Reports for those who would rather ask than be called. */
export const eventEndpoints = {
  events: {
    method: 'get',
    path: '/v1/events',
    scope: 'messages:read',
    ofTenant: true,
    summary: 'Pull reports',
    description:
      'Every report of your messages, whether you have a webhook or not, in an order in which none comes before one that was answered already: keep next, and give it ' +
      'as after, and you miss none. Keep it only when you have dealt with the events. A message that had no_report may have another report later. ' +
      'Reports are kept for 90 days, unless the operator says otherwise or you erase your history.',
    query: eventsQuery,
    answer: { status: 200, description: 'The next events, if there are any', schemas: [events] },
    problems: ['invalid', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
