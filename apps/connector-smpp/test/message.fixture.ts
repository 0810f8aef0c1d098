import type { Message } from '@heliograph/message';

/** A message as the router hands it over; each test says what is special about its own. */
export function aMessage(special: Partial<Message> = {}): Message {
  return {
    id: '0193f0a0000070008000000000000001',
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Heliograph', ton: 5, npi: 0 },
    to: '+15551234567',
    class: 'normal',
    segments: 1,
    acceptedAtMs: 1_000,
    validUntilMs: Date.UTC(2026, 10, 21, 12, 30, 15),
    registeredDelivery: 1,
    charge: { lease: 'lease', microCredits: '1000000' },
    content: { kind: 'text', text: 'hello' },
    ...special,
  };
}
