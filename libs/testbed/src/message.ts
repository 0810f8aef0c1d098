import { newId, type Message } from '@heliograph/message';

/** A message as an ingress accepts it, under an id of its own; each test says what is special about its own. */
export function testMessage(special: Partial<Message> = {}): Message {
  return {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Heliograph', ton: 5, npi: 0 },
    to: '+15551234567',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.parse('2026-11-20T10:00:00Z'),
    validUntilMs: Date.parse('2026-11-23T10:00:00Z'),
    registeredDelivery: 1,
    charge: { lease: 'lease', microCredits: '1000' },
    content: { kind: 'text', text: 'hello' },
    ...special,
  };
}
