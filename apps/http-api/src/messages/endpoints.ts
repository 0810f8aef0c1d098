import { refusalReasons } from '@heliograph/message';
import { bodyProblems, idempotencyProblems, type Endpoint } from '../http/endpoint.ts';
import { accepted, acceptedMany, listQuery, message, messageList, preview, submission, trace } from './schema.ts';

/** Sending messages and following them. */
export const messageEndpoints = {
  submit: {
    method: 'post',
    path: '/v1/messages',
    scope: 'messages:send',
    ofTenant: true,
    idempotent: true,
    summary: 'Send a message',
    description:
      'To one recipient or to up to 1,000. 202 means that the message is stored and charged and will be sent; every refusal means that nothing was charged. ' +
      'With a list of recipients each is accepted or refused by itself; when none is accepted the answer is the problem. Where you may send so many segments a ' +
      'second only, RateLimit-Policy and RateLimit say how many you may send now (draft-ietf-httpapi-ratelimit-headers-10). Messages to +1555010xxxx are tests: ' +
      'they are free, never leave the platform and end as the number says.',
    body: submission,
    examples: {
      one: { to: '+31612345678', text: 'Hello', reference: 'order 7' },
      many: { to: ['+31612345678', '+31687654321'], text: 'Hello all', class: 'bulk' },
      binary: { to: '+31612345678', data: 'SGVsbG8=', udh: '0605040b8423f0' },
    },
    answer: { status: 202, description: 'Accepted', schemas: [accepted, acceptedMany] },
    problems: [...bodyProblems, ...idempotencyProblems, ...refusalReasons],
  },
  preview: {
    method: 'post',
    path: '/v1/messages:preview',
    scope: 'messages:send',
    ofTenant: true,
    summary: 'See what a message would be and cost',
    description:
      'Takes what would be sent and says of each recipient what would be sent and charged, or why it would be refused, as sending it now would. ' +
      'Nothing is stored, sent or charged.',
    body: submission,
    examples: { one: { to: '+31612345678', text: 'Prijs: 10 € – één persoon' } },
    answer: { status: 200, description: 'What would come of it', schemas: [preview] },
    problems: [...bodyProblems, 'bad_encoding', 'bad_webhook'],
  },
  list: {
    method: 'get',
    path: '/v1/messages',
    scope: 'messages:read',
    ofTenant: true,
    summary: 'List and search your messages',
    description:
      'Newest first, a page at a time. A search finds the messages that are as every parameter says; by to, reference and rare states it is fast whatever you have, ' +
      'otherwise it compares so many messages a page.',
    query: listQuery,
    answer: { status: 200, description: 'A page of messages', schemas: [messageList] },
    problems: ['invalid', 'unavailable'],
  },
  message: {
    method: 'get',
    path: '/v1/messages/{id}',
    scope: 'messages:read',
    ofTenant: true,
    summary: 'Look at a message',
    description: 'Found from the moment its submission was answered.',
    idOf: 'message',
    answer: { status: 200, description: 'The message as it is now', schemas: [message] },
    problems: ['not_found', 'unavailable'],
  },
  cancel: {
    method: 'delete',
    path: '/v1/messages/{id}',
    scope: 'messages:send',
    ofTenant: true,
    summary: 'Cancel a message',
    description:
      'One that waits still: that no provider has been given. 200 means that it will not be sent; it ends in the state cancelled, at once or within seconds, ' +
      'or when its connector reads it. What was charged for it comes back if your price plan says so. 503 means that it may be cancelled or not.',
    idOf: 'message',
    answer: { status: 200, description: 'The message as it is now', schemas: [message] },
    problems: ['not_found', 'not_cancellable', 'unavailable'],
  },
  trace: {
    method: 'get',
    path: '/v1/messages/{id}/trace',
    scope: 'messages:read',
    ofTenant: true,
    summary: "Follow a message's way",
    description: 'Every step it took, with its time.',
    idOf: 'message',
    answer: { status: 200, description: 'Its hops', schemas: [trace] },
    problems: ['not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
