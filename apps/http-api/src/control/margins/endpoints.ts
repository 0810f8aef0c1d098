import type { Endpoint } from '../../http/endpoint.ts';
import { margins, marginsQuery } from './schema.ts';

/** What is earned. */
export const marginEndpoints = {
  margins: {
    method: 'get',
    path: '/v1/margins',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'See what messages were sold and bought for',
    description:
      'For operators. Added up over the messages themselves, so a long time of many messages may take too long: 503 then; ask for shorter ones.',
    query: marginsQuery,
    answer: { status: 200, description: 'The sums', schemas: [margins] },
    problems: ['invalid', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
