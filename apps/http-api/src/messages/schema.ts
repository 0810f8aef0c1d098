import { finalStates, historyListMax, messageClasses, messageStates } from '@heliograph/message';
import { parseUdh } from '@heliograph/segment';
import { z } from 'zod';
import { credits, named, number, problemDetails, time, timeGiven } from '../http/schema.ts';

export const recipientsMax = 1_000;
export const encodings = ['gsm7', 'ucs2', 'binary'] as const;
export const forcesUcs2Max = 20;
const day = 24 * 3600;

const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('message id: 32 hexadecimal digits (a UUIDv7 without dashes)');
const state = z.enum(messageStates).describe(`state of the message; final are ${finalStates.join(', ')}`);
const segments = z.int().min(1).max(255).describe('short messages it takes on the air');

/** What 255 segments hold (3GPP TS 23.040 §9.2.3.16, §9.2.3.24.1) in base64, so that a body is refused before it is decoded. */
const dataMax = Math.ceil((140 * 255) / 3) * 4;

const hexOctets = /^(?:[0-9a-f]{2})+$/i;

const submissionFields = z.strictObject({
  to: z
    .union([z.string().max(40), z.array(z.string().max(40)).min(1).max(recipientsMax)], {
      error: `must be a phone number, or a list of 1 to ${recipientsMax} of them`,
    })
    .describe(`recipient, or a list of up to ${recipientsMax}; international numbers, or national ones of your default country`),
  text: z.string().optional().describe('what the handset shows; up to 255 segments. Either text or data'),
  data: z
    .base64()
    .max(dataMax)
    .optional()
    .describe('octets in place of a text, as base64; with the header one segment of 140 octets: it is not cut into several'),
  udh: z
    .string()
    .max(280)
    .regex(hexOctets, 'must be octets in hexadecimal digits')
    .optional()
    .describe('user data header of data, as hexadecimal digits, its length octet included (3GPP TS 23.040 §9.2.3.24)'),
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
  send_at: timeGiven
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

export const submission = submissionFields
  .superRefine(checkContent, { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) })
  .meta({ oneOf: [{ required: ['text'] }, { required: ['data'] }] });
export type SubmissionBody = z.infer<typeof submission>;

/** Either a text or data; a header only with data, and one that can be read. Looked at whatever else is wrong with the body. */
function checkContent({ text, data, udh }: z.infer<typeof submissionFields>, context: z.RefinementCtx): void {
  const fault = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message });
  if (text === undefined && data === undefined) fault('text', 'is missing: either text or data is needed');
  if (text !== undefined && data !== undefined) fault('data', 'cannot be given together with text');
  // whatever is wrong: it may be no text, and a regular expression makes one of anything
  if (typeof udh !== 'string') return;
  if (data === undefined) fault('udh', 'goes with data only');
  else if (hexOctets.test(udh) && !isHeader(Buffer.from(udh, 'hex'))) fault('udh', 'is not a user data header');
}

/** Its length octet says how long it is, and its elements fill it. */
function isHeader(octets: Buffer): boolean {
  const header = parseUdh(octets);
  return header?.length === octets.length && header.elements.length > 0;
}

export const accepted = z.strictObject({ id, to: number, segments, credits, state: z.literal('accepted') });

const refused = z.strictObject({ to: z.string().describe('as you gave it'), error: problemDetails });

const count = z.int().min(0);

const previewed = z.strictObject({
  to: number,
  encoding: z.enum(encodings).describe('how it goes over the air: GSM 03.38 in 7 bits, UCS-2 in 16, or octets as they are'),
  characters: count.describe('as people count them; 0 of a binary message'),
  units: count.describe('what is counted: septets (some characters take two), UTF-16 units, or octets'),
  unitsPerSegment: count.describe('so many fit into each of its segments'),
  octets: count.describe('of the content in this encoding, its own header included'),
  segments,
  credits,
  test: z.boolean().describe('it would never leave the platform, and be free'),
});

export const preview = z.strictObject({
  messages: z
    .array(z.union([previewed, refused]))
    .describe('in the order of the recipients; a refusal would be the answer for that recipient'),
  total: z
    .strictObject({ messages: count, segments: count, credits })
    .describe('of those that would be accepted; whether your balance covers it is not looked at'),
  forcesUcs2: z
    .array(z.string())
    .max(forcesUcs2Max)
    .describe(
      `characters that are not in the GSM alphabet, so that all of the text goes as UCS-2; the first ${forcesUcs2Max} different ones`,
    ),
});

export const acceptedMany = z.strictObject({
  messages: z.array(z.union([accepted, refused])).describe('in the order of the recipients'),
});

export const message = z.strictObject({
  id,
  to: number,
  from: z.string(),
  text: z.string().optional().describe('absent when it is binary'),
  octets: z.base64().optional().describe('of a binary message'),
  udh: z.string().optional().describe('its own user data header, hexadecimal digits'),
  test: z.boolean().optional().describe('true: it never leaves the platform; said once it is routed'),
  class: z.enum(messageClasses),
  flash: z.boolean(),
  segments,
  credits,
  cost: credits.optional().describe('for operators alone: what its provider takes; once it is routed, if that is known'),
  margin: credits.optional().describe('for operators alone: credits less cost'),
  reference: z.string().optional(),
  state,
  reason: z.string().optional().describe('why it was not delivered'),
  errorCode: z.string().optional().describe("the provider's own word for it"),
  held: z
    .boolean()
    .optional()
    .describe('true: it waits for a review, as too many went to its block of numbers; until validUntil at the latest'),
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
  state: state.optional(),
  to: z
    .string()
    // a plus sign in a query that was not escaped
    .overwrite((text) => text.replace(/^ /, '+'))
    .regex(/^\+[1-9][0-9]{1,14}$/, 'must be a number in E.164 form, such as +31612345678')
    .optional()
    .describe('recipient, in E.164 form; the plus sign as %2B'),
  from: z.string().min(1).max(21).optional().describe('sender, as it is shown with the message'),
  reference: z.string().min(1).max(255).optional().describe('your own word for it'),
  class: z.enum(messageClasses).optional().describe('priority class'),
  since: timeGiven.optional().describe('accepted then or later, RFC 3339'),
  until: timeGiven.optional().describe('accepted before, RFC 3339'),
});

export const messageList = z.strictObject({
  messages: z.array(message).describe('newest first'),
  next: z
    .union([id, z.null()])
    .describe(
      'give it as before to get the next page, as long as it is not null: a page of a search may be short, or empty, before the last',
    ),
});

named.add(submission, { id: 'Submission' });
named.add(accepted, { id: 'Accepted' });
named.add(acceptedMany, { id: 'AcceptedMany' });
named.add(refused, { id: 'Refused' });
named.add(previewed, { id: 'Previewed' });
named.add(preview, { id: 'Preview' });
named.add(message, { id: 'Message' });
named.add(messageList, { id: 'MessageList' });
named.add(hop, { id: 'Hop' });
named.add(trace, { id: 'Trace' });
