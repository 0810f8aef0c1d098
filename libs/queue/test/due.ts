import { newId, type MessageDue } from '@heliograph/message';

/** A message that waits for this time, unix ms. */
export function due(dueAtMs: number, text: string, id = newId()): MessageDue {
  const now = Date.now();
  return {
    type: 'message.due',
    at: now,
    dueAtMs,
    message: {
      id,
      tenant: 'acme',
      credential: 'acme-smpp',
      door: 'smpp',
      from: { addr: 'Acme', ton: 5, npi: 0 },
      to: '+447912345678',
      class: 'normal',
      segments: 1,
      acceptedAtMs: now,
      sendAtMs: dueAtMs,
      validUntilMs: dueAtMs + 60_000,
      registeredDelivery: 1,
      charge: { lease: 'l1', microCredits: '1000000' },
      content: { kind: 'text', text },
    },
  };
}
