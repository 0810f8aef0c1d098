import { describe, expect, test } from '@jest/globals';
import type { BalanceLow, InboundMatched, MessageHead, MessageReported } from '@heliograph/message';
import type { Webhook } from '@heliograph/registry';
import { chooseForTenant, chooseWebhook, noticeBody, receivedBody, webhookBody, webhookVersion, type WebhookChoice } from './webhook.ts';

const head: MessageHead = {
  id: '0190f3c2a1b27c3d8e4f5a6b7c8d9e0f',
  tenant: 'acme',
  credential: 'acme-key',
  door: 'http',
  from: { addr: 'ACME', ton: 5, npi: 0 },
  to: '+15551234567',
  class: 'normal',
  segments: 2,
  acceptedAtMs: Date.parse('2026-11-20T10:00:00Z'),
  validUntilMs: Date.parse('2026-11-21T10:00:00Z'),
  registeredDelivery: 0,
  charge: { lease: 'l1', microCredits: '1000' },
};
const reported: MessageReported = { type: 'message.reported', at: Date.parse('2026-11-20T10:00:03Z'), message: head, state: 'delivered' };
const webhook: Webhook = { tenantId: 'acme', url: 'https://acme.example/reports', secrets: ['v1.sealed'], oldUntil: [], enabled: true };
const own = { ...reported, message: { ...head, webhook: 'http://other.example:8080/x' } };

describe('the webhook of a report', () => {
  const post = (url: string, host: string): WebhookChoice => ({ kind: 'post', url, endpoint: `acme ${host}` });
  const cases: [name: string, event: MessageReported, webhook: Webhook | undefined, gone: string, choice: WebhookChoice][] = [
    ["the tenant's", reported, webhook, '', post(webhook.url, 'acme.example')],
    ["the message's own goes before the tenant's", own, webhook, '', post('http://other.example:8080/x', 'other.example:8080')],
    [
      "the message's own while the tenant's is off",
      own,
      { ...webhook, enabled: false },
      '',
      post('http://other.example:8080/x', 'other.example:8080'),
    ],
    ['none when it is off', reported, { ...webhook, enabled: false }, '', { kind: 'none', why: 'no_url' }],
    ['none without a URL', reported, { ...webhook, url: '' }, '', { kind: 'none', why: 'no_url' }],
    ['none without a webhook', reported, undefined, '', { kind: 'none', why: 'no_url' }],
    ['none without a secret to sign with', own, undefined, '', { kind: 'none', why: 'no_secret' }],
    ['none when no secret is left', reported, { ...webhook, secrets: [] }, '', { kind: 'none', why: 'no_secret' }],
    ['none to what is no web address', reported, { ...webhook, url: 'file:///etc/passwd' }, '', { kind: 'none', why: 'bad_url' }],
    ['none to what is no URL', reported, { ...webhook, url: 'acme' }, '', { kind: 'none', why: 'bad_url' }],
    ['none after 410', reported, webhook, webhook.url, { kind: 'none', why: 'gone' }],
  ];
  test.each(cases)('%s', (_, event, given, gone, choice) => {
    expect(chooseWebhook(event, { webhook: given, isGone: (url) => url === gone })).toEqual(choice);
  });
});

describe('a notice of a low balance', () => {
  const notice: BalanceLow = {
    type: 'balance.low',
    at: Date.parse('2026-11-20T10:00:03Z'),
    id: head.id,
    tenant: 'acme',
    thresholdMicroCredits: '50000000',
    spendableMicroCredits: '-1',
  };

  test("goes to the tenant's webhook, while that is on and signs", () => {
    const choose = (given: Webhook | undefined) => chooseForTenant(notice, { webhook: given, isGone: () => false });
    expect(choose(webhook)).toEqual({ kind: 'post', url: webhook.url, endpoint: 'acme acme.example' });
    expect(choose({ ...webhook, enabled: false })).toEqual({ kind: 'none', why: 'no_url' });
    expect(choose({ ...webhook, secrets: [] })).toEqual({ kind: 'none', why: 'no_secret' });
    expect(choose(undefined)).toEqual({ kind: 'none', why: 'no_url' });
  });

  test('says which threshold it is about and what is left, in credits', () => {
    expect(JSON.parse(noticeBody(notice))).toEqual({
      type: 'balance.low',
      timestamp: '2026-11-20T10:00:03.000Z',
      data: { id: head.id, threshold: '50.000000', credits: '-0.000001' },
    });
  });
});

describe("a handset's message", () => {
  const matched: InboundMatched = {
    type: 'inbound.matched',
    at: Date.parse('2026-11-20T10:00:03Z'),
    tenant: 'acme',
    route: 'r1',
    inbound: {
      id: head.id,
      connector: 'carrier',
      from: '+447912345678',
      to: '+31699887766',
      content: { kind: 'text', text: 'Grüße 😀' },
      receivedAtMs: Date.parse('2026-11-20T10:00:01Z'),
      parts: 1,
    },
  };
  const dataOf = (event: InboundMatched) => JSON.parse(receivedBody(event)).data;

  test("goes to the tenant's webhook, while that is on", () => {
    const choose = (given: Webhook) => chooseForTenant(matched, { webhook: given, isGone: () => false });
    expect(choose(webhook)).toEqual({ kind: 'post', url: webhook.url, endpoint: 'acme acme.example' });
    expect(choose({ ...webhook, enabled: false })).toEqual({ kind: 'none', why: 'no_url' });
  });

  test('says what was written, and nothing of what there is not', () => {
    expect(JSON.parse(receivedBody(matched))).toEqual({
      type: 'message.received',
      timestamp: '2026-11-20T10:00:03.000Z',
      data: {
        id: head.id,
        from: '+447912345678',
        to: '+31699887766',
        text: 'Grüße 😀',
        parts: 1,
        received_at: '2026-11-20T10:00:01.000Z',
      },
    });
  });

  test('says which parts are missing, which came late, and what a keyword asks', () => {
    const { inbound } = matched;
    expect(dataOf({ ...matched, inbound: { ...inbound, parts: 3, missing: [2] } })).toMatchObject({ parts: 3, missing: [2] });
    expect(dataOf({ ...matched, inbound: { ...inbound, parts: 1, late: 2 } })).toMatchObject({ late: 2 });
    expect(dataOf({ ...matched, keyword: 'stop', optOut: 'stop' })).toMatchObject({ keyword: 'stop', opt_out: 'stop' });
  });

  test('octets are base64, with the header they came with', () => {
    const content = { kind: 'binary', octets: 'AP8Q', udh: '0605041b5a1b5a' } as const;
    const data = dataOf({ ...matched, inbound: { ...matched.inbound, content } });
    expect(data).toMatchObject({ octets: 'AP8Q', udh: '0605041b5a1b5a' });
    expect(data).not.toHaveProperty('text');
  });

  test('what no database takes is U+FFFD', () => {
    const content = { kind: 'text', text: 'a\0b\ud800' } as const;
    expect(dataOf({ ...matched, inbound: { ...matched.inbound, content } }).text).toBe('a\ufffdb\ufffd');
  });
});

describe('the body of a webhook', () => {
  test('says what became of the message', () => {
    expect(JSON.parse(webhookBody(reported))).toEqual({
      type: 'message.delivered',
      timestamp: '2026-11-20T10:00:03.000Z',
      data: {
        id: head.id,
        to: '+15551234567',
        from: 'ACME',
        state: 'delivered',
        reference: null,
        segments: 2,
        error_code: null,
        reason: null,
        accepted_at: '2026-11-20T10:00:00.000Z',
        done_at: '2026-11-20T10:00:03.000Z',
      },
    });
  });

  test('carries reference, code and reason when there are any', () => {
    const event: MessageReported = {
      ...reported,
      message: { ...head, reference: 'order 7' },
      state: 'rejected',
      reason: 'provider_rejected',
      errorCode: '0x0b',
    };
    expect(JSON.parse(webhookBody(event))).toMatchObject({
      type: 'message.rejected',
      data: { state: 'rejected', reference: 'order 7', error_code: '0x0b', reason: 'provider_rejected' },
    });
  });
});

describe('the version of a webhook', () => {
  test('changes with its URL and its secrets, and with nothing else', () => {
    const versions = [webhook, { ...webhook, url: 'https://b.example/' }, { ...webhook, secrets: ['v1.other'] }].map(webhookVersion);
    expect(new Set(versions).size).toBe(3);
    expect(webhookVersion({ ...webhook, enabled: false })).toBe(versions[0]);
  });
});
