import { parseSender } from '@heliograph/e164';
import { attemptsMaxMax, messageClasses, type MessageClass } from '@heliograph/message';
import { z } from 'zod';
import { patternCharactersMax, patternProblemOf } from './pattern.ts';
import { days, isZone } from './time-window.ts';

/** Of a route table, as operators write them: which messages a rule is for, where they go, and when they go on to another connector. */

export const targetsMax = 20;
/** Of one filter. */
const valuesMax = 1_000;
/** Each pair of a prefix and a network has its own place in the order of the rules. */
const numbersMax = 10_000;

const list = <T extends z.ZodType>(of: T, max: number) => z.array(of).min(1, 'leave it out for any').max(max);

/** Subject tokens, as tenants and connectors have them. */
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be 1 to 40 of a-z, 0-9 and hyphens, the first no hyphen');

/** Those of a rule's filter, of a connector and of a tenant. */
export const senderPattern = z
  .string()
  .max(22)
  .regex(/^[^*\p{Cc}\p{Cs}]*\*?$/u, 'must be a sender, or its beginning and one * at the end')
  .describe(
    'a sender, upper and lower case alike, or its beginning and one * at the end; numbers with or without a plus sign; empty: no sender',
  );

const sender = z
  .string()
  .refine((text) => parseSender(text).ok, 'must be a number, a short code of 3 to 6 digits or a name of at most 11 characters')
  .describe('goes out instead of the sender that the message has');

const senders = z
  .record(z.string().max(21), sender)
  .refine((rewrites) => Object.keys(rewrites).length <= valuesMax, `must be ${valuesMax} at most`)
  .describe('the same for some senders: from which, upper and lower case alike, to which');

const time = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be hours and minutes, such as 09:30');

export const timeWindow = z
  .strictObject({
    days: list(z.enum(days), 7).optional().describe('on which it begins; absent: on all'),
    from: time,
    until: time.describe('this minute is not in it any more; not after from: on the next day'),
    zone: z.string().max(40).refine(isZone, 'must be a time zone of the IANA database, such as Europe/Amsterdam'),
  })
  .describe('by the clock on the wall of a zone');

const when = z
  .strictObject({
    prefixes: list(z.string().regex(/^[0-9]{0,15}$/, 'must be 0 to 15 digits, without a plus sign'), valuesMax)
      .optional()
      .describe('digits that an international number begins with, without the plus sign; empty: every number'),
    networks: list(
      z.string().regex(/^[0-9]{3}([0-9]{2,3})?$/, 'must be a country of three digits, or with a network of two or three more'),
      valuesMax,
    )
      .optional()
      .describe('mobile country codes, or with a network code (ITU-T E.212), as the number ranges say'),
    tenants: list(id, valuesMax).optional(),
    senders: list(senderPattern, valuesMax).optional(),
    classes: list(z.enum(messageClasses as readonly [MessageClass, ...MessageClass[]]), messageClasses.length).optional(),
    text: z
      .string()
      .min(1)
      .max(patternCharactersMax, { abort: true })
      .superRefine((pattern, context) => {
        const problem = patternProblemOf(pattern);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .optional()
      .describe('a regular expression in the syntax of RE2, found anywhere in the text; upper and lower case differ without (?i)'),
    times: list(timeWindow, 20).optional(),
  })
  .refine(({ prefixes = [''], networks = [''] }) => prefixes.length * networks.length <= numbersMax, {
    path: ['networks'],
    message: `prefixes times networks must be ${numbersMax} at most`,
  })
  .describe('all of them must fit; of several values of one, any; absent: any');

const target = z.strictObject({
  connectorId: id,
  weight: z.int().min(1).max(1_000).default(1).describe('its share, beside the weights of others'),
  tier: z.int().min(0).max(9).default(0).describe('a higher one is for when no lower one can take it'),
  sender: sender.optional(),
  senders: senders.optional(),
});

export const cascadeReasons = ['refused', 'undelivered', 'no_receipt', 'unavailable', 'unknown'] as const;

const cascade = z
  .strictObject({
    on: z
      .array(z.enum(cascadeReasons))
      .min(1)
      .max(cascadeReasons.length)
      .describe(
        'the provider refuses it for good; its receipt says undelivered; no receipt came; its connector cannot send; a segment was never answered: then the handset may get it twice',
      ),
    noReceiptS: z.int().min(10).max(86_400).optional().describe('with no_receipt: how long after it was sent'),
    unavailableS: z.int().min(1).max(86_400).optional().describe('with unavailable: how long after it was routed'),
    attemptsMax: z.int().min(2).max(attemptsMaxMax).default(2).describe('connectors in all'),
    costMax: z
      .union([
        z.enum(['charge', 'none']),
        z.string().regex(/^[0-9]{1,10}(\.[0-9]{1,6})?$/, 'must be charge, none or credits in a text, of at most 10 digits and six places'),
      ])
      .default('charge')
      .describe(
        'what all providers may take for one message together: no more than the tenant pays, whatever they take, or so many credits',
      ),
  })
  .superRefine((policy, context) => {
    const needed = { noReceiptS: 'no_receipt', unavailableS: 'unavailable' } as const;
    for (const [field, reason] of Object.entries(needed)) {
      const wanted = policy.on.includes(reason);
      if (wanted === (policy[field as keyof typeof needed] !== undefined)) continue;
      context.addIssue({ code: 'custom', path: [field], message: wanted ? `is needed with ${reason}` : `is only for ${reason}` });
    }
  });

/** The id of a rule is not in it: it stands in its address. */
export const routeRule = z
  .strictObject({
    rank: z.int().min(0).max(1_000_000).default(1_000).describe('rules of a lower rank are looked at first'),
    note: z
      .string()
      .max(200)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters')
      .optional(),
    when: when.default({}),
    reject: z.literal(true).optional().describe('instead of targets: nobody gets such a message'),
    targets: z.array(target).max(targetsMax).default([]),
    choose: z.enum(['weight', 'least_cost']).default('weight').describe('among those of the lowest tier that can take it'),
    sticky: z.boolean().default(false).describe('messages to one number go to one connector'),
    qualityMin: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('share of messages delivered, of those of the last hour; targets below it come after all that are not'),
    sender: sender.optional(),
    senders: senders.optional(),
    cascade: cascade.optional().describe('when a message goes on to the next of the targets; absent: never'),
  })
  .superRefine((rule, context) => {
    const fault = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    if (rule.reject) {
      if (rule.targets.length > 0) fault(['targets'], 'a rule that rejects has none');
      if (rule.cascade) fault(['cascade'], 'a rule that rejects has none');
      return;
    }
    if (rule.targets.length === 0) fault(['targets'], 'must be one at least, unless reject is true');
    if (rule.cascade && rule.targets.length === 1) fault(['cascade'], 'there is no second target to go on to');
    const seen = new Set<string>();
    for (const [at, { connectorId }] of rule.targets.entries()) {
      if (seen.has(connectorId)) fault(['targets', at, 'connectorId'], 'is there twice');
      seen.add(connectorId);
    }
  });

/** As it was given, with what was left out filled in. */
export type RouteRule = z.output<typeof routeRule>;
/** As it may be given. */
export type RouteRuleGiven = z.input<typeof routeRule>;
export type RouteTarget = RouteRule['targets'][number];
export type TimeWindow = z.output<typeof timeWindow>;
export type CascadePolicy = NonNullable<RouteRule['cascade']>;

/** A rule in its table. `id`: a subject token. */
export interface Rule extends RouteRule {
  readonly id: string;
}
