import { finalStates, historyListMax, messageClasses, messageStates } from '@heliograph/message';
import { z } from 'zod';

/** Everything that goes in and out of the API. The OpenAPI document is made from these, and tests hold every answer against them. */

export const recipientsMax = 1_000;
const day = 24 * 3600;

const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('message id: 32 hexadecimal digits (a UUIDv7 without dashes)');
const number = z.string().describe('phone number in E.164 form, such as +31612345678');
const credits = z
  .string()
  .regex(/^-?\d+\.\d{6}$/)
  .describe('credits, a decimal number with six places');
const time = z.iso.datetime().describe('UTC, RFC 3339');
const state = z.enum(messageStates).describe(`state of the message; final are ${finalStates.join(', ')}`);
const segments = z.int().min(1).max(255).describe('short messages it takes on the air');

export const submission = z.strictObject({
  to: z
    .union([z.string().max(40), z.array(z.string().max(40)).min(1).max(recipientsMax)], {
      error: `must be a phone number, or a list of 1 to ${recipientsMax} of them`,
    })
    .describe(`recipient, or a list of up to ${recipientsMax}; international numbers, or national ones of your default country`),
  text: z.string().describe('what the handset shows; up to 255 segments'),
  from: z
    .string()
    .min(1)
    .max(21)
    .optional()
    .describe("sender: a number, a short code or a name of up to 11 characters; without it the provider's default"),
  class: z.enum(messageClasses).optional().describe('otp: a person waits for it; bulk: nobody does; default normal'),
  validity: z
    .int()
    .min(1)
    .max(7 * day)
    .optional()
    .describe('seconds after which it is not sent any more, counted from send_at; default 172800, two days'),
  send_at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('when to send it, RFC 3339, at most 7 days ahead; charged at once; without it, or when it has passed, it is sent at once'),
  reference: z.string().max(255).optional().describe('your own word for it, given back with the message and its report'),
  webhook: z
    .string()
    .max(2048)
    .optional()
    .describe('https URL that the report is posted to, signed (Standard Webhooks); default the one of your account'),
  flash: z.boolean().optional().describe('show it at once and do not store it (class 0)'),
});
export type SubmissionBody = z.infer<typeof submission>;

const fieldError = z.strictObject({
  field: z.string().describe('JSON pointer to the field, or ?name of a query parameter'),
  message: z.string(),
});

export const problemDetails = z.strictObject({
  type: z.string().describe('/problems/ and the reason; stable'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().describe('what happened this time'),
  errors: z.array(fieldError).optional().describe('the fields at fault'),
});

export const accepted = z.strictObject({ id, to: number, segments, credits, state: z.literal('accepted') });

const refused = z.strictObject({ to: z.string().describe('as you gave it'), error: problemDetails });

export const acceptedMany = z.strictObject({
  messages: z.array(z.union([accepted, refused])).describe('in the order of the recipients'),
});

export const message = z.strictObject({
  id,
  to: number,
  from: z.string(),
  text: z.string().optional().describe('absent when it is binary'),
  octets: z.base64().optional().describe('of a binary message'),
  class: z.enum(messageClasses),
  flash: z.boolean(),
  segments,
  credits,
  reference: z.string().optional(),
  state,
  reason: z.string().optional().describe('why it was not delivered'),
  errorCode: z.string().optional().describe("the provider's own word for it"),
  acceptedAt: time,
  sendAt: time.optional().describe('when it is to be sent, of a scheduled message'),
  validUntil: time,
  sentAt: time.optional(),
  stateAt: time.describe('when it came into this state; UTC, RFC 3339'),
});

const hop = z.strictObject({
  stage: z.string().describe('step of the way: accept, route, deliver, report, notify or webhook'),
  event: z.string(),
  at: time,
  by: z.string().describe('service or connector that did it'),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
});

export const trace = z.strictObject({ id, state, hops: z.array(hop).describe('by time') });

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(historyListMax).default(20).describe('messages on a page'),
  before: id.optional().describe('the cursor: only messages older than the one with this id'),
});

export const messageList = z.strictObject({
  messages: z.array(message).describe('newest first'),
  next: z.union([id, z.null()]).describe('give it as before to get the next page; null on the last'),
});

export const balance = z.strictObject({
  credits: credits.describe('what you can spend: balance and leased'),
  balance: credits.describe('in your account'),
  leased: credits.describe('of it, lent to the gateways that take your messages, for some seconds'),
  charged: credits.describe('charged so far'),
  refunded: credits.describe('given back so far'),
  funds: credits.describe('paid in so far: balance + leased + charged - refunded'),
});

export const webhookChange = z.strictObject({
  url: z.string().max(2048).describe('https URL that reports are posted to; empty for none'),
  enabled: z.boolean().default(true).describe('false: nothing is posted there until it is enabled again'),
});

export const webhook = z.strictObject({
  url: z.string().describe('empty when there is none'),
  enabled: z.boolean(),
  secrets: z
    .array(z.string().regex(/^whsec_/))
    .describe('keep them to yourself: what we post is signed with them (Standard Webhooks); with several, any of their signatures will do'),
});

const windowUse = z.strictObject({ open: z.int().min(0), max: z.int().min(1) });

export const session = z.strictObject({
  id: z.uuid(),
  systemId: z.string(),
  bindType: z.enum(['transmitter', 'receiver', 'transceiver']),
  interfaceVersion: z.int().min(0).max(255).describe('as the client said at its bind; 52 (0x34) is SMPP 3.4'),
  address: z.string().describe('IP address it comes from'),
  port: z.int().min(0).max(65535),
  tls: z.boolean(),
  since: time.describe('when it was bound; UTC, RFC 3339'),
  submitWindow: windowUse.describe('your requests that have no answer yet; at max we read no further'),
  deliverWindow: windowUse.describe('our deliver_sm that you have not answered; at most max at once'),
  counters: z.strictObject({
    pdusIn: z.int().min(0),
    pdusOut: z.int().min(0),
    octetsIn: z.int().min(0),
    octetsOut: z.int().min(0),
  }),
});

export const sessionList = z.strictObject({ sessions: z.array(session).describe('oldest first') });

/** Names in the OpenAPI document. */
export const named = z.registry<{ id: string }>();
named.add(submission, { id: 'Submission' });
named.add(accepted, { id: 'Accepted' });
named.add(acceptedMany, { id: 'AcceptedMany' });
named.add(refused, { id: 'Refused' });
named.add(message, { id: 'Message' });
named.add(messageList, { id: 'MessageList' });
named.add(hop, { id: 'Hop' });
named.add(trace, { id: 'Trace' });
named.add(balance, { id: 'Balance' });
named.add(webhook, { id: 'Webhook' });
named.add(webhookChange, { id: 'WebhookChange' });
named.add(session, { id: 'Session' });
named.add(sessionList, { id: 'SessionList' });
named.add(fieldError, { id: 'FieldError' });
named.add(problemDetails, { id: 'Problem' });
