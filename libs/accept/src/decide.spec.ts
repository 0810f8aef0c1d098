import { describe, expect, test } from '@jest/globals';
import { testRefusals, type Content } from '@heliograph/message';
import { createInboundTable, createPrefixTable, credentialDefaults, type Snapshot } from '@heliograph/registry';
import { compileRoutes, routeRule } from '@heliograph/routing';
import { segmentsMax } from './content.ts';
import { decide } from './decide.ts';
import { connectors, routesOf } from './routed.fixture.ts';
import type { Submission } from './submission.ts';

const nowMs = Date.UTC(2026, 10, 20);
const tenant = {
  id: 'acme',
  name: 'Acme',
  enabled: true,
  pricePlanId: 'plan',
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: false,
  refuseAtLoss: false,
  senders: [] as string[],
};
const credential = {
  ...credentialDefaults,
  id: 'acme-smpp',
  tenantId: 'acme',
  kind: 'smpp',
  login: 'acme',
  verifier: '',
  secretSetAt: new Date(0),
  enabled: true,
  window: 10,
  sessions: 1,
} as const;
const prices = createPrefixTable([
  ['', 1_000_000n],
  ['4479', 2_500_000n],
]);

const rejecting = compileRoutes([{ id: 'spam', ...routeRule.parse({ when: { text: '^Hel+o' }, reject: true }) }], 1);

function snapshot(changes: Partial<Snapshot> & { tenant?: Partial<typeof tenant>; credential?: object } = {}): Snapshot {
  return {
    revision: 1n,
    tenants: new Map([[tenant.id, { ...tenant, ...changes.tenant }]]),
    credentials: new Map([[credential.id, { ...credential, ...changes.credential }]]),
    credentialByLogin: () => undefined,
    connectors,
    routes: routesOf(''),
    price: (_, digits) => prices.longest(digits),
    buyPrice: () => undefined,
    refunds: () => new Set(),
    webhooks: new Map(),
    network: () => undefined,
    inbound: createInboundTable([]),
    credentialsOfRange: () => [],
    ...changes,
  };
}

const text = (words: string, udh?: string): Content => ({ kind: 'text', text: words, ...(udh === undefined ? {} : { udh }) });
const submission: Submission = {
  credential: 'acme-smpp',
  door: 'http',
  from: { addr: 'Acme' },
  to: { addr: '+15551234567' },
  content: text('Hello'),
};

test.each([
  ['a short text is one segment', text('Hello'), 1],
  ['160 characters of GSM 03.38 are one segment', text('a'.repeat(160)), 1],
  ['161 are two', text('a'.repeat(161)), 2],
  ['70 UCS-2 characters are one segment', text('ж'.repeat(70)), 1],
  ['71 are two', text('ж'.repeat(71)), 2],
  ["a part with the tenant's own header is one", text('a'.repeat(153), '050003010201'), 1],
  ['140 octets are one', { kind: 'binary', octets: Buffer.alloc(140).toString('base64') } as Content, 1],
  [`the longest text is ${segmentsMax} segments`, text('a'.repeat(153 * segmentsMax)), segmentsMax],
])('%s, and costs as many prices', (_, content, segments) => {
  const decision = decide({ ...submission, content }, snapshot(), nowMs);
  expect(decision).toMatchObject({ ok: true, message: { segments }, microCredits: 1_000_000n * BigInt(segments) });
});

test.each(['acme', 'AC*', '*'])('a sender among those of the tenant, %s, is taken', (pattern) => {
  expect(decide(submission, snapshot({ tenant: { senders: ['Other', pattern] } }), nowMs)).toMatchObject({ ok: true });
});

test('the price is that of the longest prefix', () => {
  expect(decide({ ...submission, to: { addr: '447912345678' } }, snapshot(), nowMs)).toMatchObject({ ok: true, microCredits: 2_500_000n });
});

test.each<[string, boolean, bigint | undefined]>([
  ['at a profit', true, 999_999n],
  ['at what it costs', true, 1_000_000n],
  ['at a loss, where nobody minds', false, 1_000_001n],
  ['at who knows what', true, undefined],
])('a message is sold %s', (_, refuseAtLoss, bought) => {
  const asked: unknown[] = [];
  const buyPrice: Snapshot['buyPrice'] = (...what) => (asked.push(what), bought);
  expect(decide(submission, snapshot({ tenant: { refuseAtLoss }, buyPrice }), nowMs)).toMatchObject({ ok: true, microCredits: 1_000_000n });
  expect(asked).toEqual(refuseAtLoss ? [['carrier', '15551234567', nowMs]] : []);
});

test('the price is that of the moment', () => {
  const price: Snapshot['price'] = (_plan, _digits, atMs) => (atMs < nowMs ? 1n : 2n);
  expect([-1, 0].map((later) => decide(submission, snapshot({ price }), nowMs + later))).toMatchObject([
    { ok: true, microCredits: 1n },
    { ok: true, microCredits: 2n },
  ]);
});

test('what is accepted: numbers in E.164, a validity of 48 hours, class normal, no content lost', () => {
  const decision = decide({ ...submission, to: { addr: '0044 7912 345678' }, reference: 'r1', flash: true }, snapshot(), nowMs);
  expect(decision).toMatchObject({
    ok: true,
    message: {
      tenant: 'acme',
      credential: 'acme-smpp',
      to: '+447912345678',
      from: { addr: 'Acme', ton: 5, npi: 0 },
      class: 'normal',
      acceptedAtMs: nowMs,
      validUntilMs: nowMs + 48 * 3_600_000,
      registeredDelivery: 0,
      content: text('Hello'),
      reference: 'r1',
      flash: true,
    },
  });
});

test.each([
  ['in an hour: it waits, and the validity begins then', { sendAtMs: nowMs + 3_600_000 }, nowMs + 3_600_000, nowMs + 49 * 3_600_000],
  [
    'in 7 days, with the longest validity',
    { sendAtMs: nowMs + days(7), validUntilMs: nowMs + days(14) },
    nowMs + days(7),
    nowMs + days(14),
  ],
  ['that is now: it goes at once', { sendAtMs: nowMs }, undefined, nowMs + 48 * 3_600_000],
  ['that has passed: it goes at once', { sendAtMs: nowMs - 3_600_000 }, undefined, nowMs + 48 * 3_600_000],
])('a time to send it %s', (_, times, sendAtMs, validUntilMs) => {
  const decision = decide({ ...submission, ...times }, snapshot(), nowMs);
  expect(decision.ok && [decision.message.sendAtMs, decision.message.validUntilMs]).toEqual([sendAtMs, validUntilMs]);
});

function days(count: number): number {
  return count * 24 * 3_600_000;
}

describe('a test message', () => {
  const nothingThere = { routes: compileRoutes([], 1), price: () => undefined };

  test('to a test number needs neither route nor price, and costs nothing', () => {
    const decision = decide(
      { ...submission, to: { addr: '+1 555 010 0001' }, content: text('a'.repeat(161)) },
      snapshot(nothingThere),
      nowMs,
    );
    expect(decision).toMatchObject({ ok: true, microCredits: 0n, message: { to: '+15550100001', test: true, segments: 2 } });
  });

  test('is every message of a credential in test mode, whoever it is to', () => {
    const facts = snapshot({ credential: { mode: 'test' }, ...nothingThere });
    expect(decide(submission, facts, nowMs)).toMatchObject({ ok: true, microCredits: 0n, message: { to: '+15551234567', test: true } });
  });

  test('is none that another credential sends to another number', () => {
    expect(decide(submission, snapshot(), nowMs)).not.toHaveProperty('message.test');
  });

  test.each(['live', 'test'])('to a number that is to be refused is, for a credential in mode %s', (mode) => {
    for (const { number, reason } of testRefusals)
      expect(decide({ ...submission, to: { addr: number } }, snapshot({ credential: { mode } }), nowMs)).toMatchObject({
        ok: false,
        reason,
      });
  });

  test('is refused like any other for what is wrong with it', () => {
    expect(decide({ ...submission, to: { addr: '+15550100001' }, content: text('') }, snapshot(), nowMs)).toMatchObject({
      reason: 'empty_text',
    });
  });
});

test('the id that the client knows it by and the parameters to pass on stay with the message', () => {
  const kept = { receiptId: '0a1b2c3d', tlvs: [{ tag: 0x1400, value: '00ff' }] };
  expect(decide({ ...submission, ...kept }, snapshot(), nowMs)).toMatchObject({ ok: true, message: kept });
});

test.each<[string, Partial<Submission>, Parameters<typeof snapshot>[0], string]>([
  ['a credential taken back meanwhile', {}, { credential: { enabled: false } }, 'not_permitted'],
  ['a credential that is gone', { credential: 'nobody' }, {}, 'not_permitted'],
  ['a tenant that is disabled', {}, { tenant: { enabled: false } }, 'not_permitted'],
  ['letters for a number', { to: { addr: 'nobody' } }, {}, 'bad_number'],
  ['an empty number', { to: { addr: '' } }, {}, 'bad_number'],
  ['a number that is too long', { to: { addr: '+1234567890123456' } }, {}, 'bad_number'],
  ['a sender of more than 11 characters', { from: { addr: 'A name that is long' } }, {}, 'bad_sender'],
  ['no text', { content: text('') }, {}, 'empty_text'],
  ['no octets', { content: { kind: 'binary', octets: '' } }, {}, 'empty_text'],
  ['a text of more than 255 segments', { content: text('a'.repeat(153 * segmentsMax + 1)) }, {}, 'text_too_long'],
  ['a part with its own header that does not fit', { content: text('a'.repeat(160), '050003010201') }, {}, 'text_too_long'],
  ['141 octets', { content: { kind: 'binary', octets: Buffer.alloc(141).toString('base64') } }, {}, 'text_too_long'],
  ['a validity that has ended', { validUntilMs: nowMs }, {}, 'bad_validity'],
  ['a validity of more than 7 days', { validUntilMs: nowMs + 7 * 24 * 3_600_000 + 1 }, {}, 'bad_validity'],
  ['a time to send it of more than 7 days ahead', { sendAtMs: nowMs + 7 * 24 * 3_600_000 + 1 }, {}, 'bad_schedule'],
  ['a time to send it that is none', { sendAtMs: NaN }, {}, 'bad_schedule'],
  ['a validity that ends when it is to be sent', { sendAtMs: nowMs + 1_000, validUntilMs: nowMs + 1_000 }, {}, 'bad_validity'],
  ['a webhook that is no web address', { webhook: 'ftp://example.com' }, {}, 'bad_webhook'],
  ['a number that no route leads to', {}, { routes: routesOf('44') }, 'unroutable'],
  ['a number whose route leads to a connector that is gone', {}, { connectors: new Map() }, 'unroutable'],
  ['what a rule rejects', {}, { routes: rejecting }, 'unroutable'],
  ["a sender that is not among the tenant's", {}, { tenant: { senders: ['Other', 'Acm'] } }, 'bad_sender'],
  ['no sender, where there is a list', { from: { addr: '' } }, { tenant: { senders: ['Acme'] } }, 'bad_sender'],
  ['a number that has no price', {}, { price: () => undefined }, 'no_price'],
  ['what would be sold at a loss', {}, { tenant: { refuseAtLoss: true }, buyPrice: () => 1_000_001n }, 'at_loss'],
])('%s is refused', (_, change, facts, reason) => {
  expect(decide({ ...submission, ...change }, snapshot(facts), nowMs)).toMatchObject({ ok: false, reason, detail: expect.any(String) });
});
