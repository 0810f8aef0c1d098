import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import {
  addressList,
  deliveryList,
  deliveryQuery,
  replayed,
  rotation,
  webhook,
  webhookChange,
  webhookTest,
  webhookTestResult,
} from './schema.ts';

const common = { scope: 'webhook:write', ofTenant: true } as const;

/** Where a tenant's reports are posted, and what became of them. */
export const webhookEndpoints = {
  webhook: {
    ...common,
    method: 'get',
    path: '/v1/webhook',
    summary: 'Look at your webhook',
    description:
      'Where reports of your messages are posted, unless a message says otherwise, the secrets to check their signatures with, and how the endpoint does.',
    answer: { status: 200, description: 'Your webhook', schemas: [webhook] },
    problems: [],
  },
  putWebhook: {
    ...common,
    method: 'put',
    path: '/v1/webhook',
    summary: 'Set your webhook',
    description:
      'The first time it gets a secret, which it keeps from then on. An endpoint that answered 410 is posted to again once its webhook is set again.',
    body: webhookChange,
    examples: { on: { url: 'https://sms.example.com/reports' }, off: { url: '' } },
    answer: { status: 200, description: 'Your webhook as it is now', schemas: [webhook] },
    problems: [...bodyProblems, 'bad_webhook', 'unavailable'],
  },
  rotateWebhookSecret: {
    ...common,
    method: 'post',
    path: '/v1/webhook/secret:rotate',
    summary: 'Replace the secret of your webhook',
    description:
      'The new secret signs from now on; the old one signs too until the grace ends, so that you can change it where signatures are checked. Of more than three the oldest go.',
    body: rotation,
    examples: { day: { graceSeconds: 86_400 }, leaked: { graceSeconds: 0 } },
    answer: { status: 200, description: 'Your webhook with its new secret first', schemas: [webhook] },
    problems: [...bodyProblems, 'webhook_closed', 'unavailable'],
  },
  testWebhook: {
    ...common,
    method: 'post',
    path: '/v1/webhook:test',
    summary: 'Test your webhook',
    description:
      'Posts a signed webhook.test there now and waits up to ten seconds for the answer. Nothing is kept of it, and it is not tried again.',
    body: webhookTest,
    examples: { own: {}, another: { url: 'https://sms.example.com/next' } },
    answer: { status: 200, description: 'What the endpoint answered', schemas: [webhookTestResult] },
    problems: [...bodyProblems, 'bad_webhook', 'webhook_closed', 'unavailable'],
  },
  webhookDeliveries: {
    ...common,
    method: 'get',
    path: '/v1/webhook/deliveries',
    summary: 'List what was posted to your webhooks',
    description:
      'Reports of the last 30 days, unless the operator keeps them otherwise, with every attempt; newest first, a page at a time.',
    query: deliveryQuery,
    answer: { status: 200, description: 'A page of deliveries', schemas: [deliveryList] },
    problems: ['invalid', 'unavailable'],
  },
  replayWebhookDelivery: {
    ...common,
    method: 'post',
    path: '/v1/webhook/deliveries/{id}:replay',
    summary: 'Post a report again',
    description:
      'At once, with the same webhook-id and body, to the same URL, whatever became of it before. If that fails it is tried by the schedule from its beginning.',
    idOf: 'delivery',
    answer: { status: 202, description: 'It is due now', schemas: [replayed] },
    problems: ['not_found', 'webhook_closed', 'unavailable'],
  },
  webhookAddresses: {
    ...common,
    method: 'get',
    path: '/v1/webhook/addresses',
    summary: 'Where webhooks come from',
    description: 'The addresses that your firewall may let in. Signatures tell who posted: check them all the same.',
    answer: { status: 200, description: 'Addresses', schemas: [addressList] },
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
