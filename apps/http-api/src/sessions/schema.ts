import { z } from 'zod';
import { named, time } from '../http/schema.ts';

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

named.add(session, { id: 'Session' });
named.add(sessionList, { id: 'SessionList' });
