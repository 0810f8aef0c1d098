import type { Cause, FailureReason, Message } from '@heliograph/message';
import { headOf, newId } from '@heliograph/message';
import type { LoggedEvent } from '../src/log.ts';

export const t0 = Date.UTC(2026, 10, 20, 12);

export function messageAt(acceptedAtMs = t0, fields: Partial<Message> = {}): Message {
  return {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-key',
    door: 'http',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    to: '+31612345678',
    class: 'normal',
    segments: 2,
    acceptedAtMs,
    validUntilMs: acceptedAtMs + 172_800_000,
    registeredDelivery: 0,
    reference: 'order 7',
    charge: { lease: 'lease-1', microCredits: '2000000' },
    content: { kind: 'text', text: 'Dag Ørsted €' },
    ...fields,
  };
}

/** What the flow says of a message that is delivered, in order, 100 ms apart. */
export function deliveredWay(message: Message): LoggedEvent[] {
  const head = headOf(message);
  const at = message.acceptedAtMs;
  return [
    { type: 'message.submitted', at, message },
    { type: 'message.routed', at: at + 100, message, connector: 'north', route: 'nl', cause: cause('SUBMITTED', 1) },
    {
      type: 'message.sent',
      at: at + 200,
      message: head,
      connector: 'north',
      group: 'north',
      providerIds: ['b2', 'a1'],
      cause: cause('ROUTED', 2),
    },
    { type: 'message.reported', at: at + 300, message: head, state: 'delivered', errorCode: '000', cause: cause('RECEIPTS', 3) },
    { type: 'report.delivered', at: at + 400, messageId: head.id, tenant: head.tenant, via: 'webhook', state: 'delivered', attempt: 1 },
  ];
}

export function failedAt(message: Message, at: number, reason: FailureReason, by = 'north'): LoggedEvent {
  return {
    type: 'message.failed',
    at,
    message: headOf(message),
    by,
    state: 'rejected',
    reason,
    errorCode: '0x0000000B',
    cause: cause('ROUTED', at),
  };
}

export function cause(stream: string, seq: number): Cause {
  return { stream, seq };
}
