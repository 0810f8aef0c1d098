import { finalStates, webhookDeliveriesMax, webhookDeliveryStates } from '@heliograph/message';
import { z } from 'zod';
import { named, time } from '../http/schema.ts';

const url = z.string().max(2048);
const secret = z.string().regex(/^whsec_/);
const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('the webhook-id of every try');

export const webhookChange = z.strictObject({
  url: url.describe('https URL that reports, and messages from handsets, are posted to; empty for none'),
  enabled: z.boolean().default(true).describe('false: nothing is posted there until it is enabled again'),
});

const endpoint = z.strictObject({
  circuit: z
    .enum(['closed', 'open', 'half-open'])
    .describe(
      'open: it answers nothing, or errors, so reports wait and one of them is tried now and then; half-open: that try is under way',
    ),
  since: time.optional().describe('of the circuit; absent when it has always been closed'),
  lastError: z.string().optional().describe('what opened the circuit last, or failed since'),
  pausedUntil: time.optional().describe('it answered with retry-after: nothing is posted before'),
  gone: z.boolean().describe('it answered 410: nothing more is posted to it until the webhook is set again'),
});

export const webhook = z.strictObject({
  url: z.string().describe('empty when there is none'),
  enabled: z.boolean(),
  secrets: z
    .array(secret)
    .describe(
      'keep them to yourself: what we post is signed with them (Standard Webhooks), the newest first; with several, any of their signatures will do',
    ),
  oldSecrets: z.array(z.strictObject({ secret, until: time })).describe('those of them that a newer one replaces, and when each ends'),
  endpoint: z.union([endpoint, z.null()]).describe('how it does; null when there is no URL or nobody can tell at the moment'),
});

export const rotation = z.strictObject({
  graceSeconds: z.int().min(0).max(604_800).default(86_400).describe('how long the old secret signs too; 0 ends every old one at once'),
});

export const webhookTest = z.strictObject({
  url: url.optional().describe('instead of the URL that is set'),
});

export const webhookTestResult = z.strictObject({
  delivered: z.boolean().describe('it answered 2xx'),
  status: z.union([z.int(), z.null()]).describe('null when there was no answer'),
  error: z.union([z.string(), z.null()]).describe('why there was no answer'),
  latencyMs: z.int().min(0),
});

export const deliveryQuery = z.strictObject({
  state: z.enum(webhookDeliveryStates).optional(),
  limit: z.coerce.number().int().min(1).max(webhookDeliveriesMax).default(20).describe('deliveries on a page'),
  before: id.optional().describe('the cursor: only deliveries older than the one with this id'),
});

const attempt = z.strictObject({
  attempt: z.int().min(1),
  at: time,
  status: z.int().optional().describe('absent when there was no answer'),
  error: z.string().optional().describe('why there was no answer'),
  latencyMs: z.int().min(0),
  bodySha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('of the body of the answer, of its first 64 KiB'),
});

const delivery = z.strictObject({
  id,
  messageId: z.string().optional().describe('of message.received, the id of what was received; absent when it is of no message'),
  type: z.enum([...finalStates.map((state) => `message.${state}` as const), 'balance.low', 'message.received']).describe('what was posted'),
  url: z.string(),
  state: z
    .enum(webhookDeliveryStates)
    .describe('failed: the endpoint answered 410 or the webhook was switched off; exhausted: tried to the end, for 96 hours at most'),
  createdAt: time,
  nextAt: time.optional().describe('when it is due, while it is pending'),
  doneAt: time.optional().describe('when it came to its end'),
  attempts: z.array(attempt).describe('in order'),
});

export const deliveryList = z.strictObject({
  deliveries: z.array(delivery).describe('newest first'),
  next: z.union([id, z.null()]).describe('give it as before to get the next page; null on the last'),
});

export const replayed = z.strictObject({ id, state: z.literal('pending') });

export const addressList = z.strictObject({
  addresses: z.array(z.string()).describe('addresses and networks (CIDR)'),
  note: z.string(),
});

named.add(webhook, { id: 'Webhook' });
named.add(webhookChange, { id: 'WebhookChange' });
named.add(rotation, { id: 'WebhookRotation' });
named.add(webhookTest, { id: 'WebhookTest' });
named.add(webhookTestResult, { id: 'WebhookTestResult' });
named.add(delivery, { id: 'WebhookDelivery' });
named.add(deliveryList, { id: 'WebhookDeliveryList' });
named.add(replayed, { id: 'WebhookReplayed' });
named.add(addressList, { id: 'WebhookAddresses' });
