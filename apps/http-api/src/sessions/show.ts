import type { LiveSession } from '@heliograph/message';
import type { z } from 'zod';
import { timeText } from '../http/time.ts';
import type { session } from './schema.ts';

export function showSession(live: LiveSession): z.infer<typeof session> {
  const { credential: _, sinceMs, pdusIn, pdusOut, octetsIn, octetsOut, ...shown } = live;
  return { ...shown, since: timeText(sinceMs), counters: { pdusIn, pdusOut, octetsIn, octetsOut } };
}
