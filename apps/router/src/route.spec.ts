import { expect, test } from '@jest/globals';
import type { Message, MessageSubmitted } from '@heliograph/message';
import { createPrefixTable } from '@heliograph/registry';
import { route } from './route.ts';

const nowMs = 1_000_000;
const message: Message = {
  id: '0'.repeat(32),
  tenant: 'acme',
  credential: 'acme-smpp',
  door: 'smpp',
  from: { addr: 'Acme', ton: 5, npi: 0 },
  to: '+447912345678',
  class: 'otp',
  segments: 1,
  acceptedAtMs: nowMs - 5,
  validUntilMs: nowMs + 60_000,
  registeredDelivery: 1,
  charge: { lease: 'l1', microCredits: '1000000' },
  content: { kind: 'text', text: 'Hello' },
};
const submitted = (changes: Partial<Message> = {}): MessageSubmitted => ({
  type: 'message.submitted',
  at: nowMs - 5,
  message: { ...message, ...changes },
});

const routes = createPrefixTable([
  ['44', { id: 'uk', prefix: '44', connectorId: 'carrier-a' }],
  ['4479', { id: 'uk-mobile', prefix: '4479', connectorId: 'carrier-b' }],
]);

test.each([
  ['the longest prefix that fits', '+447912345678', 'carrier-b', 'uk-mobile'],
  ['a shorter prefix when no longer one fits', '+442012345678', 'carrier-a', 'uk'],
])('a message takes %s', (_, to, connector, id) => {
  const outcome = route(submitted({ to }), { routes }, nowMs);
  expect(outcome).toEqual({
    kind: 'done',
    events: [{ type: 'message.routed', at: nowMs, message: { ...message, to }, connector, route: id }],
  });
});

test('a number that no route leads to: rejected as unroutable, without the content', () => {
  const outcome = route(submitted({ to: '+15551234567' }), { routes }, nowMs);
  expect(outcome).toMatchObject({
    kind: 'done',
    events: [{ type: 'message.failed', state: 'rejected', reason: 'unroutable', by: 'router' }],
  });
  expect(JSON.stringify(outcome)).not.toContain('Hello');
});

test('a message whose validity has ended: expired, not routed', () => {
  const outcome = route(submitted({ validUntilMs: nowMs }), { routes }, nowMs);
  expect(outcome).toMatchObject({ kind: 'done', events: [{ type: 'message.failed', state: 'expired', reason: 'expired' }] });
});
