import type { z } from 'zod';
import type { ProblemReason } from './problem.ts';
import { accepted, acceptedMany, balance, listQuery, message, messageList, submission, trace } from './schema.ts';

export interface Endpoint {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly answer: { readonly status: 200 | 202; readonly description: string; readonly schemas: readonly z.ZodType[] };
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
    answer: { status: 202, description: 'Accepted', schemas: [accepted, acceptedMany] },
    problems: [
      'malformed_json',
      'too_large',
      'unsupported_media_type',
      'invalid',
      'not_permitted',
      'bad_number',
      'bad_sender',
      'empty_text',
      'text_too_long',
      'bad_encoding',
      'bad_validity',
      'bad_webhook',
      'unroutable',
      'no_price',
      'no_credit',
      'throttled',
      'unavailable',
    ],
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
    answer: { status: 200, description: 'The message as it is now', schemas: [message] },
    problems: ['not_found', 'unavailable'],
  },
  trace: {
    method: 'get',
    path: '/v1/messages/{id}/trace',
    summary: "Follow a message's way",
    description: 'Every step it took, with its time.',
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
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
