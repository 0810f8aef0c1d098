import { expect, test } from '@jest/globals';
import { headOf, type Message, type MessageSubmitted } from '@heliograph/message';
import { routeFactsOf } from '@heliograph/registry';
import { compileRoutes, routeRule, type RouteRuleGiven } from '@heliograph/routing';
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

const carriers = ['carrier-a', 'carrier-b', 'carrier-c'];
const connectors = new Map(
  carriers.map((id) => [
    id,
    { id, kind: 'smpp', groupId: id, enabled: true, settings: {}, secret: '', senders: [], mode: 'running' as const },
  ]),
);
const rules: Record<string, RouteRuleGiven> = {
  uk: { when: { prefixes: ['44'] }, targets: [{ connectorId: 'carrier-a' }] },
  'uk-mobile': { when: { prefixes: ['4479'] }, targets: [{ connectorId: 'carrier-b' }, { connectorId: 'carrier-c', tier: 1 }] },
};

function factsWith(changes: { rules?: Record<string, RouteRuleGiven>; buyPrice?: () => bigint | undefined; away?: string } = {}) {
  const { buyPrice = () => undefined, away } = changes;
  const given = Object.entries({ ...rules, ...changes.rules }).map(([id, rule]) => ({ id, ...routeRule.parse(rule) }));
  return {
    routes: compileRoutes(given, 7),
    about: routeFactsOf({ connectors, buyPrice, network: () => undefined }, { available: (id) => id !== away, quality: () => undefined }),
    cancelled: new Set<string>(),
  };
}
const facts = factsWith();

test.each([
  ['the longest prefix that fits', '+447912345678', 'carrier-b', 'uk-mobile'],
  ['a shorter prefix when no longer one fits', '+442012345678', 'carrier-a', 'uk'],
])('a message takes %s', (_, to, connector, id) => {
  const outcome = route(submitted({ to }), facts, nowMs);
  expect(outcome).toEqual({
    kind: 'done',
    events: [{ type: 'message.routed', at: nowMs, message: { ...message, to }, connector, route: id, routeVersion: 7 }],
  });
});

test('what the provider takes for all its segments at this moment is noted with the message', () => {
  const asked: unknown[] = [];
  const buyPrice = (...what: unknown[]) => (asked.push(what), 700_000n);
  const outcome = route(submitted({ segments: 3 }), factsWith({ buyPrice }), nowMs);
  expect(outcome).toMatchObject({ kind: 'done', events: [{ type: 'message.routed', connector: 'carrier-b', buyMicroCredits: '2100000' }] });
  expect(asked).toEqual([['carrier-b', '447912345678', nowMs]]);
});

test('a connector that cannot send now is left out as long as there is another', () => {
  const routed = (away: string) => route(submitted(), factsWith({ away }), nowMs);
  expect(routed('carrier-b')).toMatchObject({ events: [{ connector: 'carrier-c', route: 'uk-mobile' }] });
  expect(routed('carrier-c')).toMatchObject({ events: [{ connector: 'carrier-b' }] });
});

test('what its rule says of sender and of other connectors goes with the message', () => {
  const said = { sender: '12345', cascade: { on: ['refused' as const, 'no_receipt' as const], noReceiptS: 60, attemptsMax: 3 } };
  const cascading = factsWith({ rules: { 'uk-mobile': { ...rules['uk-mobile'], ...said } } });
  expect(route(submitted(), cascading, nowMs)).toMatchObject({
    events: [
      {
        message: { from: message.from },
        sender: { addr: '12345', ton: 3, npi: 0 },
        cascade: { refused: true, noReceiptMs: 60_000, attemptsMax: 3, costMaxMicroCredits: '1000000' },
      },
    ],
  });
});

test('a rule looks at tenant, class, sender and text', () => {
  const when = { tenants: ['acme'], classes: ['otp' as const], senders: ['ac*'], text: '^Hello$' };
  const special = factsWith({ rules: { special: { when, targets: [{ connectorId: 'carrier-a' }], rank: 1 } } });
  expect(route(submitted(), special, nowMs)).toMatchObject({ events: [{ route: 'special' }] });
  const binary = { kind: 'binary', octets: Buffer.from('Hello').toString('base64') } as const;
  for (const other of [{ tenant: 'bank' }, { class: 'bulk' }, { from: { addr: 'Bank', ton: 5, npi: 0 } }, { content: binary }] as const)
    expect(route(submitted(other), special, nowMs)).toMatchObject({ events: [{ route: 'uk-mobile' }] });
});

test('a message that a rule rejects: as unroutable', () => {
  const blocking = factsWith({ rules: { spam: { when: { text: 'Hello' }, reject: true, rank: 1 } } });
  expect(route(submitted(), blocking, nowMs)).toMatchObject({
    events: [{ type: 'message.failed', state: 'rejected', reason: 'unroutable' }],
  });
});

test('a number that no route leads to: rejected as unroutable, without the content', () => {
  const outcome = route(submitted({ to: '+15551234567' }), facts, nowMs);
  expect(outcome).toMatchObject({
    kind: 'done',
    events: [{ type: 'message.failed', state: 'rejected', reason: 'unroutable', by: 'router' }],
  });
  expect(JSON.stringify(outcome)).not.toContain('Hello');
});

test('a message whose validity has ended: expired, not routed', () => {
  const outcome = route(submitted({ validUntilMs: nowMs }), facts, nowMs);
  expect(outcome).toMatchObject({ kind: 'done', events: [{ type: 'message.failed', state: 'expired', reason: 'expired' }] });
});

test.each([
  ['its time is ahead', nowMs + 10_000],
  ['its time has passed since it was accepted: it may have come due already, which only the queue knows', nowMs - 1],
])('a message with a time, and %s: it waits for it, unrouted', (_, sendAtMs) => {
  const event = submitted({ sendAtMs });
  expect(route(event, facts, nowMs)).toEqual({
    kind: 'done',
    events: [
      { type: 'message.due', at: nowMs, message: event.message, dueAtMs: sendAtMs },
      { type: 'message.scheduled', at: nowMs, message: headOf(event.message), sendAtMs },
    ],
  });
});

test('a message that is held for a review waits until its validity ends, whenever it was to be sent', () => {
  for (const special of [{}, { sendAtMs: nowMs + 5 }]) {
    const event = submitted({ held: 'operator', ...special });
    const { validUntilMs } = event.message;
    expect(route(event, facts, nowMs)).toEqual({
      kind: 'done',
      events: [
        { type: 'message.due', at: nowMs, message: event.message, dueAtMs: validUntilMs },
        { type: 'message.scheduled', at: nowMs, message: headOf(event.message), sendAtMs: validUntilMs },
      ],
    });
  }
});

test.each([
  ['has expired when nobody released it, also when it comes a moment early', { held: 'own' }, nowMs + 60_000, { state: 'expired' }],
  ['was cancelled when it comes due before that', { held: 'own' }, nowMs, { state: 'cancelled' }],
  ['is routed once it was released', {}, nowMs, { type: 'message.routed', connector: 'carrier-b' }],
] as const)('a message that was held %s', (_, changes, dueAtMs, made) => {
  const due = { ...message, ...changes };
  expect(route({ type: 'message.due', at: nowMs - 5, message: due, dueAtMs }, facts, nowMs)).toMatchObject({
    kind: 'done',
    events: [made],
  });
});

test.each([
  ['is routed as any other', {}, { type: 'message.routed', connector: 'carrier-b' }],
  ['is not routed when its validity has ended meanwhile', { validUntilMs: nowMs }, { type: 'message.failed', state: 'expired' }],
])('a message whose time has come %s', (_, changes, made) => {
  const due = { ...message, sendAtMs: nowMs, ...changes };
  const outcome = route({ type: 'message.due', at: nowMs - 5, message: due, dueAtMs: nowMs }, facts, nowMs);
  expect(outcome).toMatchObject({ kind: 'done', events: [made] });
});

test('a message that was cancelled while it waited ends so when its time has come, also when its validity has ended', () => {
  const cancelled = { ...facts, cancelled: new Set([message.id]) };
  const due = { ...message, sendAtMs: nowMs, validUntilMs: nowMs };
  expect(route({ type: 'message.due', at: nowMs - 5, message: due, dueAtMs: nowMs }, cancelled, nowMs)).toEqual({
    kind: 'done',
    events: [{ type: 'message.failed', at: nowMs, message: headOf(due), by: 'router', state: 'cancelled', reason: 'cancelled' }],
  });
});

test.each([
  ['without a time is for its connector, which may have begun it when this event comes again', {}, 'message.routed'],
  ['with a time waits for it, and is let come due by whoever cancels it', { sendAtMs: nowMs + 10_000 }, 'message.due'],
])('a message that was cancelled before it was read, and %s', (_, changes, type) => {
  const cancelled = { ...facts, cancelled: new Set([message.id]) };
  expect(route(submitted(changes), cancelled, nowMs)).toMatchObject({
    kind: 'done',
    events: [{ type }, ...('sendAtMs' in changes ? [{}] : [])],
  });
});
