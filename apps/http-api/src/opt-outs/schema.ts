import { allSenders, inboundSettings as stored } from '@heliograph/registry';
import { z } from 'zod';
import { line, next, pageLimitMax } from '../control/schema.ts';
import { named, number, time } from '../http/schema.ts';

const numberGiven = z.string().max(40).describe("phone number: international, or as your default country's are written");

const senderGiven = line(32)
  .trim()
  .min(1)
  .describe(`the sender that they want no more from: a number, a short code or a name; ${allSenders}: all of yours`);

export const recipientsMax = 1_000;

export const optOutPost = z.strictObject({
  recipient: z
    .union([numberGiven, z.array(numberGiven).min(1).max(recipientsMax)])
    .describe(`who wants no more messages: one number, or up to ${recipientsMax}`),
  sender: senderGiven.default(allSenders),
});

export const optOut = z.strictObject({
  recipient: number,
  sender: z.string().describe(`digits without a plus sign, or a name in lower case; ${allSenders}: all of your senders`),
  via: z.enum(['keyword', 'api']).describe('keyword: the handset sent it'),
  at: time.describe('when it was said last'),
});

export const optOutsMade = z.strictObject({ optOuts: z.array(optOut).describe('in the order of the recipients') });

const cursor = z
  .string()
  .regex(/^[0-9]{1,15}\..{1,32}$/u)
  .describe('the cursor: only those that come after this one');

export const optOutQuery = z.strictObject({
  sender: senderGiven.optional(),
  recipient: numberGiven.optional(),
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(20).describe('how many on a page; of CSV all are given'),
  after: cursor.optional(),
  format: z.enum(['json', 'csv']).optional().describe('default by the header Accept, else json'),
});

export const optOuts = z.strictObject({ optOuts: z.array(optOut), next: z.union([cursor, z.null()]).describe(next.description ?? '') });

export const optOutDelete = z.strictObject({ sender: senderGiven.optional().describe('without it, whatever sender they stopped') });

const words = stored.shape.keywords.unwrap().shape.stop;
const answer = stored.shape.replies
  .unwrap()
  .shape.stop.unwrap()
  .nullable()
  .default(null)
  .describe('sent to the handset from the number that it wrote to, at your usual price; null: nothing is');

const keywords = z.strictObject({
  stop: words.describe('beside stop, stopall, unsubscribe, cancel, end, quit, optout, revoke, arret, stopp and baja'),
  start: words.describe('beside start, unstop and subscribe'),
  help: words.describe('beside help and info'),
});
const replies = z.strictObject({ stop: answer, start: answer, help: answer });

export const inboundSettings = z.strictObject({
  enabled: z.boolean().default(true).describe('whether these words change anything; false: your own systems see to it'),
  keywords: keywords
    .prefault({})
    .describe('words of your own, which count when they are the whole text; case, accents and marks around them do not'),
  replies: replies.prefault({}),
});
export type InboundSettingsBody = z.infer<typeof inboundSettings>;

named.add(optOutPost, { id: 'OptOutGiven' });
named.add(optOut, { id: 'OptOut' });
named.add(optOutsMade, { id: 'OptOutsMade' });
named.add(optOuts, { id: 'OptOuts' });
named.add(inboundSettings, { id: 'InboundSettings' });
