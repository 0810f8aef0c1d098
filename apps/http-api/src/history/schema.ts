import { messageStates } from '@heliograph/message';
import { z } from 'zod';
import { named, time, timeGiven } from '../http/schema.ts';

export const statsQuery = z.strictObject({
  since: timeGiven.optional().describe('only messages accepted from the beginning of this hour (UTC) on, RFC 3339; default 30 days ago'),
});

export const stats = z.strictObject({
  byState: z.record(z.enum(messageStates), z.int().min(0)).describe('how many messages are in each state'),
  since: time.describe('from when on they were accepted'),
});

export const erased = z.strictObject({
  erased: z.int().min(0).describe('how many messages'),
  more: z.boolean().describe('there was no time for all of them: ask again'),
});

named.add(stats, { id: 'Stats' });
named.add(erased, { id: 'Erased' });
