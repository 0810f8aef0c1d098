import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { numberRange, numberRangeList, numberRangePut, numberRangeQuery } from './schema.ts';

/** Which network a number is of: what prices of networks go by. */
export const numberRangeEndpoints = {
  numberRanges: {
    method: 'get',
    path: '/v1/number-ranges',
    scope: 'prices:read',
    ofTenant: false,
    summary: 'List the number ranges',
    description: 'For operators. By prefix, in pages: give next of one answer as after to get the next.',
    query: numberRangeQuery,
    answer: { status: 200, description: 'A page of number ranges', schemas: [numberRangeList] },
    problems: ['invalid', 'unavailable'],
  },
  putNumberRange: {
    method: 'put',
    path: '/v1/number-ranges/{prefix}',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Say which network numbers are of',
    description:
      'For operators. Of the numbers that begin with the prefix, unless a longer one fits. Ported numbers are not known: they count as of their range.',
    idOf: 'number range: the digits that its numbers begin with, its',
    body: numberRangePut,
    examples: { one: { mcc: '204', mnc: '04' } },
    answer: { status: 200, description: 'The range as it is now', created: 'The new range', schemas: [numberRange] },
    problems: [...bodyProblems, 'unavailable'],
  },
  deleteNumberRange: {
    method: 'delete',
    path: '/v1/number-ranges/{prefix}',
    scope: 'prices:write',
    ofTenant: false,
    summary: 'Forget a number range',
    description: 'For operators.',
    idOf: 'number range: the digits that its numbers begin with, its',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
