import { expect, test } from '@jest/globals';
import type { EventOf, EventType } from './event.ts';
import type { Attempt } from './cascade.ts';
import { streamOf, subjectOf } from './flow.ts';
import { subjectIdOf } from './event.ts';
import type { InboundMessage } from './inbound.ts';
import type { Message, MessageHead } from './message.ts';
import { isNewer, recordVersion } from './version.ts';

/**
 * The least that an event of version 0.1 may hold: records of it may be in streams when a newer version reads them. A field that is made necessary
 * does not compile here. Do not add it: make it optional and say what its absence means (docs/decisions/0017).
 */
const head: MessageHead = {
  id: '0'.repeat(32),
  tenant: 'acme',
  credential: 'acme-smpp',
  door: 'smpp',
  from: { addr: 'Acme', ton: 5, npi: 0 },
  to: '+15551234567',
  class: 'normal',
  segments: 1,
  acceptedAtMs: 1,
  validUntilMs: 2,
  registeredDelivery: 0,
  charge: { lease: '', microCredits: '0' },
};
const message: Message = { ...head, content: { kind: 'text', text: 'hello' } };
const inbound: InboundMessage = {
  id: '1'.repeat(32),
  connector: 'carrier',
  from: '+15551234567',
  to: '+15557654321',
  content: { kind: 'text', text: 'hello' },
  receivedAtMs: 1,
  parts: 1,
};
const routed = { message, connector: 'carrier', route: 'all' } as const;
const attempt: Attempt = { message, route: 'all', attempt: 1, tried: ['carrier'], cascade: { attemptsMax: 2 } };
const ending = { state: 'failed', reason: 'unroutable' } as const;

const firstEvents: { readonly [T in EventType]: EventOf<T> } = {
  'message.submitted': { type: 'message.submitted', at: 1, message },
  'message.scheduled': { type: 'message.scheduled', at: 1, message: head, sendAtMs: 2 },
  'message.due': { type: 'message.due', at: 1, message, dueAtMs: 2 },
  'message.replaced': { type: 'message.replaced', at: 1, message: head, content: message.content },
  'message.routed': { type: 'message.routed', at: 1, ...routed },
  'message.backlogged': { type: 'message.backlogged', at: 1, ...routed },
  'message.returned': { type: 'message.returned', at: 1, ...attempt, by: 'carrier', why: 'refused', ending },
  'message.sent': { type: 'message.sent', at: 1, message: head, connector: 'carrier', group: 'carrier', providerIds: ['1'] },
  'message.failed': { type: 'message.failed', at: 1, message: head, by: 'router', state: 'failed', reason: 'unroutable' },
  'receipt.received': {
    type: 'receipt.received',
    at: 1,
    id: '2'.repeat(32),
    connector: 'carrier',
    group: 'carrier',
    providerId: '1',
    state: 'delivered',
    errorCode: '000',
  },
  'message.reported': { type: 'message.reported', at: 1, message: head, state: 'delivered' },
  'report.due': { type: 'report.due', at: 1, message: head, state: 'delivered', doneAtMs: 1 },
  'report.delivered': { type: 'report.delivered', at: 1, messageId: head.id, tenant: 'acme', via: 'smpp', state: 'delivered', attempt: 1 },
  'report.exhausted': {
    type: 'report.exhausted',
    at: 1,
    messageId: head.id,
    tenant: 'acme',
    via: 'webhook',
    state: 'delivered',
    attempts: 1,
  },
  'balance.low': { type: 'balance.low', at: 1, id: '3'.repeat(32), tenant: 'acme', thresholdMicroCredits: '1', spendableMicroCredits: '0' },
  'inbound.received': {
    type: 'inbound.received',
    at: 1,
    id: '4'.repeat(32),
    connector: 'carrier',
    group: 'carrier',
    from: { addr: '15551234567', ton: 1, npi: 1 },
    to: { addr: '15557654321', ton: 1, npi: 1 },
    dataCoding: 0,
    alphabet: 'gsm',
    octets: '',
  },
  'inbound.matched': { type: 'inbound.matched', at: 1, inbound, tenant: 'acme', route: 'all' },
  'inbound.unmatched': { type: 'inbound.unmatched', at: 1, inbound },
  'inbound.due': { type: 'inbound.due', at: 1, inbound, tenant: 'acme', credential: 'acme-smpp' },
  'inbound.delivered': { type: 'inbound.delivered', at: 1, inboundId: inbound.id, tenant: 'acme', via: 'smpp', attempt: 1 },
};

test.each(Object.values(firstEvents))(
  'an event $type of version 0.1 is read by this one: it has a place and says what it is about',
  (event) => {
    expect(isNewer(event)).toBe(false);
    expect(subjectOf(event)).toMatch(new RegExp(`^${event.type}\\.`));
    expect(streamOf(event.type)).toMatch(/^[A-Z]+$/);
    expect(subjectIdOf(event)).toMatch(/^[0-9a-f]{32}$/);
  },
);

test('an event that needs more than this version knows, or is of a type that it does not know, is of a newer one', () => {
  expect(isNewer({ ...firstEvents['inbound.due'], needs: recordVersion })).toBe(false);
  expect(isNewer({ ...firstEvents['inbound.due'], needs: recordVersion + 1 })).toBe(true);
  expect(isNewer({ type: 'message.renewed' as EventType })).toBe(true);
});
