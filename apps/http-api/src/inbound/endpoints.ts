import type { Endpoint } from '../http/endpoint.ts';
import { inboundList, inboundMatched, inboundMessage, inboundQuery } from './schema.ts';

/** Messages from handsets. */
export const inboundEndpoints = {
  inbound: {
    method: 'get',
    path: '/v1/inbound',
    scope: 'messages:read',
    ofTenant: false,
    summary: 'List or pull messages from handsets',
    description:
      'Those to your numbers, newest first, a page at a time. To pull them give after=0, keep next and give it as after, and you miss none: keep it only when you have dealt with ' +
      'the messages. A message of several parts is put together; one whose parts did not all come in time has a gap and says which are missing. ' +
      "For operators: of the tenant named in Heliograph-Tenant; with unmatched=true those that are nobody's.",
    query: inboundQuery,
    answer: { status: 200, description: 'A page of messages', schemas: [inboundList] },
    problems: ['invalid', 'tenant_needed', 'unavailable'],
  },
  inboundMessage: {
    method: 'get',
    path: '/v1/inbound/{id}',
    scope: 'messages:read',
    ofTenant: false,
    summary: 'Look at a message from a handset',
    description: 'Operators find it whosever it is.',
    idOf: 'message',
    answer: { status: 200, description: 'The message', schemas: [inboundMessage] },
    problems: ['not_found', 'unavailable'],
  },
  matchInbound: {
    method: 'post',
    path: '/v1/inbound/{id}:match',
    scope: 'routes:write',
    ofTenant: false,
    summary: 'Match a message from a handset again',
    description:
      "For operators. One that is nobody's is looked at again, by the inbound routes and address ranges as they are now; when it is somebody's then, it goes to them as if it had just come.",
    idOf: 'message',
    answer: { status: 200, description: 'Whose it is', schemas: [inboundMatched] },
    problems: ['not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
