import type { LoggedInbound } from '@heliograph/message';
import type { z } from 'zod';
import { timeText } from '../http/time.ts';
import type { inboundMessage } from './schema.ts';

/** What people look for when nobody gets a message. */
const unmatchedReason = 'Could not find a matching address range';

/** `operator`: whose it is and how it came here is no tenant's to know. */
export function showInbound(logged: LoggedInbound, operator: boolean): z.infer<typeof inboundMessage> {
  const { id, from, to, content, parts, missing, late, keyword, optOut, receivedAtMs, delivered, tenant, connector, route } = logged;
  return {
    id,
    from,
    to,
    ...(content.kind === 'text' ? { text: content.text } : { octets: content.octets }),
    ...(content.udh === undefined ? {} : { udh: content.udh }),
    parts,
    ...(missing === undefined ? {} : { missing: [...missing] }),
    ...(late === undefined ? {} : { late }),
    ...(keyword === undefined ? {} : { keyword }),
    ...(optOut === undefined ? {} : { optOut }),
    receivedAt: timeText(receivedAtMs),
    state: stateOf(logged),
    delivered: delivered.map(({ via, atMs }) => ({ via, at: timeText(atMs) })),
    ...(tenant === undefined ? { reason: unmatchedReason } : {}),
    ...(operator ? { connector, ...(tenant === undefined ? {} : { tenant }), ...(route === undefined ? {} : { route }) } : {}),
  };
}

function stateOf({ tenant, delivered }: LoggedInbound): z.infer<typeof inboundMessage>['state'] {
  if (tenant === undefined) return 'unmatched';
  return delivered.length > 0 ? 'delivered' : 'waiting';
}
