import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import { inboundSettings, optOutDelete, optOutPost, optOutQuery, optOuts, optOutsMade } from './schema.ts';

/** Who wants no more messages, and what STOP, START and HELP do. */
export const optOutEndpoints = {
  optOuts: {
    method: 'get',
    path: '/v1/opt-outs',
    scope: 'opt-outs:read',
    ofTenant: true,
    csv: true,
    summary: 'See who wants no more messages',
    description:
      'Those who sent a STOP to one of your numbers, and those whom you put here. Messages to them end as rejected with the reason opted_out, also those ' +
      'that were accepted before and wait to be sent. With format=csv or Accept: text/csv as a table of all of them.',
    query: optOutQuery,
    answer: { status: 200, description: 'A page of them, by sender and recipient', schemas: [optOuts] },
    problems: ['invalid', 'unavailable'],
  },
  postOptOut: {
    method: 'post',
    path: '/v1/opt-outs',
    scope: 'opt-outs:write',
    ofTenant: true,
    summary: 'Send somebody no more messages',
    description: 'From one sender, or from all of yours. In force within a second. Who is there already stays there.',
    body: optOutPost,
    examples: {
      all: { recipient: '+31612345678' },
      several: { recipient: ['+31612345678', '+447700900123'], sender: 'Shop' },
    },
    answer: { status: 200, description: 'They are there', schemas: [optOutsMade] },
    problems: [...bodyProblems, 'bad_number', 'unavailable'],
  },
  deleteOptOut: {
    method: 'delete',
    path: '/v1/opt-outs/{recipient}',
    scope: 'opt-outs:write',
    ofTenant: true,
    summary: 'Send somebody messages again',
    description: 'Only when they have asked for it. The recipient is their number, with its plus sign or without.',
    query: optOutDelete,
    answer: { status: 204, description: 'They get messages again', schemas: [] },
    problems: ['invalid', 'bad_number', 'not_found', 'unavailable'],
  },
  inboundSettings: {
    method: 'get',
    path: '/v1/inbound-settings',
    scope: 'opt-outs:read',
    ofTenant: true,
    summary: 'Look at what STOP, START and HELP do',
    description: 'Words of your own beside the usual ones, and what is answered.',
    answer: { status: 200, description: 'Your settings', schemas: [inboundSettings] },
    problems: ['not_found', 'unavailable'],
  },
  putInboundSettings: {
    method: 'put',
    path: '/v1/inbound-settings',
    scope: 'opt-outs:write',
    ofTenant: true,
    summary: 'Set what STOP, START and HELP do',
    description:
      'What is left out is set to its default. Answers are sent once for each message, and charged as any other; without credit there is none, and the STOP holds.',
    body: inboundSettings,
    examples: {
      answers: { replies: { stop: 'You get no more messages from Shop.', help: 'Shop: +31 20 123 4567. Text STOP to stop.' } },
      words: { keywords: { stop: ['afmelden'], start: ['aanmelden'] } },
      none: { enabled: false },
    },
    answer: { status: 200, description: 'Your settings as they are now', schemas: [inboundSettings] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
