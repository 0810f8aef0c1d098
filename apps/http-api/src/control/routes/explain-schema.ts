import { connectorModes, messageClasses } from '@heliograph/message';
import { z } from 'zod';
import { credits, named, timeGiven } from '../../http/schema.ts';
import { id } from '../schema.ts';

export const explainPost = z
  .strictObject({
    tenant: id.describe('whose message'),
    to: z.string().max(40).describe('recipient, as the tenant may give it'),
    from: z.string().max(21).optional().describe('sender; absent: none'),
    text: z.string().max(40_000).optional().describe('absent: it has none, and no filter by text fits'),
    class: z.enum(messageClasses).default('normal'),
    messageId: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits')
      .optional()
      .describe('of several targets by weight each message has its own: the one of this message; absent: of a new one'),
    at: timeGiven.optional().describe('for filters by time and prices; absent: now'),
    version: z.int().min(0).optional().describe('of the route table; absent: the one that is published'),
    draft: id.optional().describe('with its changes made to what is published now'),
  })
  .refine(({ version, draft }) => version === undefined || draft === undefined, {
    path: ['draft'],
    message: 'cannot be given together with version',
  });

const network = z.strictObject({ mcc: z.string(), mnc: z.string() });
const sender = z.string().describe('what it goes out with; empty: none');
const perSegment = z.union([credits, z.null()]).describe('what the provider takes for a segment; null: nobody has said');

const decision = z.strictObject({
  route: z.union([z.string(), z.null()]).describe('the rule that decided; null: none fitted'),
  connector: z.union([z.string(), z.null()]).describe('who gets it; null: nobody'),
  reason: z.enum(['unroutable', 'blocked', 'exhausted']).optional().describe('why nobody gets it'),
  sender: sender.optional(),
  credits: perSegment.optional(),
});

const target = z.strictObject({
  connector: z.string(),
  chosen: z.boolean(),
  eligible: z.boolean().describe('whether it may get it at all'),
  faults: z
    .array(
      z.enum([
        'no_such_connector',
        'disabled',
        'sender_not_allowed',
        'tried',
        'over_cost_max',
        'draining',
        'paused',
        'unavailable',
        'low_quality',
      ]),
    )
    .describe('why it does not get it, or not before others'),
  tier: z.int(),
  weight: z.int(),
  mode: z.union([z.enum(connectorModes), z.null()]),
  sender,
  credits: perSegment,
  quality: z.union([z.number(), z.null()]).describe('share delivered in the last hour; null: too few to say'),
});

const explainedRule = z.strictObject({
  route: z.string(),
  rank: z.int(),
  note: z.string(),
  outcome: z.enum(['decided', 'did_not_fit', 'had_no_target']),
  filter: z
    .union([z.enum(['networks', 'tenants', 'classes', 'senders', 'times', 'text']), z.null()])
    .describe('the first that did not fit; null: all did'),
  targets: z.array(target).describe('in the order in which they are tried; of rules that fitted'),
});

export const explanation = z.strictObject({
  version: z.int().describe('of the route table; of a draft, the published one that it changes'),
  to: z.string(),
  messageId: z.string(),
  network: z.union([network, z.null()]).describe('of the recipient; null: nobody has said'),
  senderAllowed: z.boolean().describe('false: the message is refused already when it is submitted, as this tenant may not use this sender'),
  facts: z.enum(['known', 'unknown']).describe('unknown: the router does not answer, and every connector is taken as well'),
  decision,
  routes: z.array(explainedRule).describe('rules whose prefixes fit the number, in the order in which they were looked at'),
  routesLeftOut: z.int().min(0).describe('so many more before the last were looked at'),
});

named.add(explainPost, { id: 'RouteExplainPost' });
named.add(explanation, { id: 'RouteExplanation' });
