import { historyListMax, isEventsCursor } from '@heliograph/message';
import { z } from 'zod';
import { named, time, timeGiven } from '../http/schema.ts';

const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('id of the message: 32 hexadecimal digits');
/** An address as it is shown; a plus sign in a query that was not escaped is a space. */
const address = z
  .string()
  .overwrite((text) => text.replace(/^ /, '+'))
  .min(1)
  .max(22);

export const inboundQuery = z
  .strictObject({
    limit: z.coerce.number().int().min(1).max(historyListMax).default(20).describe('messages in one answer'),
    before: id.optional().describe('the cursor of a list, newest first: only messages older than the one with this id'),
    after: z
      .string()
      .refine((text) => text === '0' || isEventsCursor(text), 'must be the next of an earlier answer, or 0')
      .optional()
      .describe('to pull: only what came after this cursor, in the order in which it became yours; 0: from the oldest that is kept'),
    from: address.optional().describe('the handset, as it is shown; the plus sign as %2B'),
    to: address.optional().describe('what it wrote to, as it is shown'),
    since: timeGiven.optional().describe('received then or later, RFC 3339'),
    unmatched: z.enum(['true', 'false']).default('false').describe("for operators: true: those that are nobody's"),
  })
  .refine(({ before, after }) => before === undefined || after === undefined, {
    path: ['after'],
    message: 'does not go with before',
  });

export const inboundMessage = z.strictObject({
  id,
  from: z.string().describe('the handset; a number in E.164 form where it is one'),
  to: z.string().describe('the number, short code or name that it wrote to'),
  text: z.string().optional().describe('absent when it is binary; a part that did not come is shown as …'),
  octets: z.base64().optional().describe('of a binary message'),
  udh: z.string().optional().describe('its user data header but for what told its parts, hexadecimal digits'),
  parts: z.int().describe('short messages that it came in'),
  missing: z.array(z.int()).optional().describe('numbers of the parts that did not come in time'),
  late: z.int().optional().describe('number of the part that this is: it came after the others had been handed on without it'),
  keyword: z.string().optional().describe('its first word, in lower case, where that decided whose it is or what the handset gets'),
  optOut: z.enum(['stop', 'start', 'help']).optional().describe('what the handset asked for with that'),
  receivedAt: time,
  state: z.enum(['delivered', 'waiting', 'unmatched']).describe("waiting: nobody has got it but by asking here; unmatched: it is nobody's"),
  delivered: z.array(z.strictObject({ via: z.enum(['smpp', 'webhook']), at: time })).describe('how you have got it'),
  reason: z.string().optional().describe('why it is unmatched'),
  tenant: z.string().optional().describe('for operators: whose it is'),
  connector: z.string().optional().describe('for operators: what it came by'),
  route: z.string().optional().describe('for operators: the inbound route, or the credential whose address range it is'),
});

export const inboundList = z.strictObject({
  messages: z.array(inboundMessage).describe('newest first, or as they came where after was given'),
  next: z
    .union([z.string(), z.null()])
    .describe('of a list: give it as before to get the next page; null on the last. Where after was given: give it as after next time'),
  more: z.boolean().describe('there are others already'),
});

export const inboundMatched = z.strictObject({
  id,
  outcome: z.enum(['matched', 'unmatched']),
  tenant: z.string().optional().describe('whose it is now'),
});

named.add(inboundMessage, { id: 'InboundMessage' });
named.add(inboundList, { id: 'InboundList' });
named.add(inboundMatched, { id: 'InboundMatched' });
