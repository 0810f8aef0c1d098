import { finalStates, historyEventsMax, isEventsCursor } from '@heliograph/message';
import { z } from 'zod';
import { named, number, time } from '../http/schema.ts';

export const waitSecondsMax = 30;

const cursor = z.string().max(40).describe('a place among the events; only what it is given back as');

export const eventsQuery = z.strictObject({
  after: cursor
    .refine((text) => text === 'now' || isEventsCursor(text), 'must be the next of an earlier answer, or now')
    .optional()
    .describe('next of the answer before; without it, from the oldest that is kept; now: only what comes from now on'),
  limit: z.coerce.number().int().min(1).max(historyEventsMax).default(100).describe('events in one answer'),
  wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0).describe('seconds to wait for one when there is none'),
});

const event = z.strictObject({
  cursor,
  type: z.enum(finalStates.map((state) => `message.${state}` as const)),
  timestamp: time,
  data: z.strictObject({
    id: z.string().describe('message id'),
    to: number,
    from: z.string(),
    state: z.enum(finalStates),
    reference: z.string().nullable().describe('your own word for it'),
    segments: z.int(),
    error_code: z.string().nullable().describe("the provider's own word for what happened"),
    reason: z.string().nullable().describe('why it was not delivered'),
    accepted_at: time,
    done_at: time.describe('when it came to this state'),
  }),
});

export const events = z.strictObject({
  events: z.array(event).describe('what a webhook would have got, the same body, in the order of cursors'),
  next: cursor.describe('give it as after next time, also when there was no event'),
  more: z.boolean().describe('there are others already'),
});

named.add(event, { id: 'Event' });
named.add(events, { id: 'Events' });
