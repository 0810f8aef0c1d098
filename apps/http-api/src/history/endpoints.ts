import type { Endpoint } from '../http/endpoint.ts';
import { erased, stats, statsQuery } from './schema.ts';

/** The history as a whole. */
export const historyEndpoints = {
  stats: {
    method: 'get',
    path: '/v1/stats',
    scope: 'messages:read',
    ofTenant: true,
    summary: 'Count your messages',
    description: 'By the state they are in, exactly; at most a second late.',
    query: statsQuery,
    answer: { status: 200, description: 'The counts', schemas: [stats] },
    problems: ['invalid', 'unavailable'],
  },
  eraseHistory: {
    method: 'post',
    path: '/v1/history/erase',
    scope: 'history:erase',
    ofTenant: true,
    summary: 'Erase your history',
    description:
      'Of all messages that have ended, with their texts and numbers, for good: they are not found any more, nor counted, and events that you have not pulled are gone. ' +
      'Messages on their way stay, and so does what they cost.',
    answer: { status: 200, description: 'How much was erased', schemas: [erased] },
    problems: ['unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
