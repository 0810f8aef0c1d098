import { refusalReasons } from '@heliograph/message';
import type { z } from 'zod';
import type { ProblemReason } from './problem.ts';
import {
  accepted,
  acceptedMany,
  balance,
  listQuery,
  message,
  messageList,
  sessionList,
  submission,
  trace,
  webhook,
  webhookChange,
} from './schema.ts';

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Bodies to show, by name; each fits the schema. */
  readonly examples?: Readonly<Record<string, object>>;
  /** What the id in the path is of. */
  readonly idOf?: 'message' | 'session';
  /** 204 has no schemas: it has no body. */
  readonly answer: { readonly status: 200 | 202 | 204; readonly description: string; readonly schemas: readonly z.ZodType[] };
  /** Beside those of every endpoint. */
  readonly problems: readonly ProblemReason[];
}

/** Every authenticated endpoint can answer these. */
export const commonProblems: readonly ProblemReason[] = ['bad_request', 'not_authenticated', 'internal'];

/** The API: routes, the document and the tests are made from this list. */
export const endpoints = {
  submit: {
    method: 'post',
    path: '/v1/messages',
    summary: 'Send a message',
    description:
      'To one recipient or to up to 1,000. 202 means that the message is stored and charged and will be sent; every refusal means that nothing was charged. ' +
      'With a list of recipients each is accepted or refused by itself; when none is accepted the answer is the problem.',
    body: submission,
    examples: {
      one: { to: '+31612345678', text: 'Hello', reference: 'order 7' },
      many: { to: ['+31612345678', '+31687654321'], text: 'Hello all', class: 'bulk' },
    },
    answer: { status: 202, description: 'Accepted', schemas: [accepted, acceptedMany] },
    problems: ['malformed_json', 'too_large', 'unsupported_media_type', 'invalid', ...refusalReasons],
  },
  list: {
    method: 'get',
    path: '/v1/messages',
    summary: 'List your messages',
    description: 'Newest first, a page at a time.',
    query: listQuery,
    answer: { status: 200, description: 'A page of messages', schemas: [messageList] },
    problems: ['invalid', 'unavailable'],
  },
  message: {
    method: 'get',
    path: '/v1/messages/{id}',
    summary: 'Look at a message',
    description: 'Found from the moment its submission was answered.',
    idOf: 'message',
    answer: { status: 200, description: 'The message as it is now', schemas: [message] },
    problems: ['not_found', 'unavailable'],
  },
  cancel: {
    method: 'delete',
    path: '/v1/messages/{id}',
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
    summary: "Follow a message's way",
    description: 'Every step it took, with its time.',
    idOf: 'message',
    answer: { status: 200, description: 'Its hops', schemas: [trace] },
    problems: ['not_found', 'unavailable'],
  },
  balance: {
    method: 'get',
    path: '/v1/balance',
    summary: 'Look at your credits',
    description: 'At every moment funds = balance + leased + charged - refunded.',
    answer: { status: 200, description: 'Your credits', schemas: [balance] },
    problems: ['unavailable'],
  },
  sessions: {
    method: 'get',
    path: '/v1/sessions',
    summary: 'List your SMPP sessions',
    description: 'Those bound at this moment with any of your system ids.',
    answer: { status: 200, description: 'Your sessions', schemas: [sessionList] },
    problems: ['unavailable'],
  },
  closeSession: {
    method: 'delete',
    path: '/v1/sessions/{id}',
    summary: 'End an SMPP session',
    description: 'It is unbound after the requests it has in work are answered. Its client may bind again.',
    idOf: 'session',
    answer: { status: 204, description: 'It is being ended', schemas: [] },
    problems: ['not_found', 'unavailable'],
  },
  webhook: {
    method: 'get',
    path: '/v1/webhook',
    summary: 'Look at your webhook',
    description:
      'Where reports of your messages are posted, unless a message says otherwise, and the secrets to check their signatures with.',
    answer: { status: 200, description: 'Your webhook', schemas: [webhook] },
    problems: [],
  },
  putWebhook: {
    method: 'put',
    path: '/v1/webhook',
    summary: 'Set your webhook',
    description:
      'The first time it gets a secret, which it keeps from then on. An endpoint that answered 410 is posted to again once its webhook is set again.',
    body: webhookChange,
    examples: { on: { url: 'https://sms.example.com/reports' }, off: { url: '' } },
    answer: { status: 200, description: 'Your webhook as it is now', schemas: [webhook] },
    problems: ['malformed_json', 'too_large', 'unsupported_media_type', 'invalid', 'bad_webhook', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
