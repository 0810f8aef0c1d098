import { describe, expect, test } from '@jest/globals';
import { isWebhookSecret, newWebhookSecret, signWebhook, verifyWebhook } from './index.ts';

// The check value of contracts §7 (Standard Webhooks).
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const content = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const other = 'whsec_' + Buffer.alloc(32, 1).toString('base64');

describe('signWebhook', () => {
  test('gives the check value of Standard Webhooks', () => {
    expect(signWebhook({ secrets: [secret], ...content })).toBe(signature);
    expect(signWebhook({ secrets: [secret], ...content, body: Buffer.from(content.body) })).toBe(signature);
  });

  test('with two secrets, while one replaces the other: both signatures in order', () => {
    const both = signWebhook({ secrets: [other, secret], ...content }).split(' ');
    expect(both).toEqual([signWebhook({ secrets: [other], ...content }), signature]);
  });

  test('with no secret or a malformed one: throws without naming it', () => {
    expect(() => signWebhook({ secrets: [], ...content })).toThrow(RangeError);
    expect(() => signWebhook({ secrets: ['hunter2'], ...content })).toThrow(/^malformed webhook secret$/);
  });
});

describe('verifyWebhook', () => {
  const received = { secrets: [secret], ...content, signature };
  const now = content.timestamp;

  test.each([
    ['the check value', {}, 0, true],
    ['the timestamp as the header has it', { timestamp: '1614265330' }, 0, true],
    ['300 s old', {}, 300, true],
    ['301 s old', {}, 301, false],
    ['300 s ahead', {}, -300, true],
    ['301 s ahead', {}, -301, false],
    ['another signature beside it', { signature: `v1,AAAA v1a,xyz ${signature}` }, 0, true],
    ['another secret beside it', { secrets: [other, secret] }, 0, true],
    ['a malformed secret beside it', { secrets: ['hunter2', secret] }, 0, true],
    ['another secret only', { secrets: [other] }, 0, false],
    ['no secret', { secrets: [] }, 0, false],
    ['another body', { body: '{"test": 2432232315}' }, 0, false],
    ['another id', { id: 'msg_x' }, 0, false],
    ['another timestamp', { timestamp: content.timestamp + 1 }, 0, false],
    ['a timestamp that is no number', { timestamp: 'NaN' }, 0, false],
    ['an empty timestamp', { timestamp: '' }, 0, false],
    ['an empty signature', { signature: '' }, 0, false],
    ['a signature without version', { signature: signature.slice(3) }, 0, false],
    ['an unknown version', { signature: signature.replace('v1', 'v2') }, 0, false],
    ['a cut signature', { signature: signature.slice(0, 20) }, 0, false],
  ])('%s', (_situation, change, age, expected) => {
    expect(verifyWebhook({ ...received, ...change }, now + age)).toBe(expected);
  });

  test('has the tolerance that is asked for', () => {
    expect(verifyWebhook(received, now + 10, 9)).toBe(false);
    expect(verifyWebhook(received, now + 1000, 1000)).toBe(true);
  });
});

describe('a webhook secret', () => {
  test('new, is well-formed and another one each time', () => {
    expect(isWebhookSecret(newWebhookSecret())).toBe(true);
    expect(newWebhookSecret()).not.toBe(newWebhookSecret());
  });

  test.each([
    ['24 bytes', 24, true],
    ['64 bytes', 64, true],
    ['23 bytes', 23, false],
    ['65 bytes', 65, false],
  ])('of %s: %s', (_situation, octets, expected) => {
    expect(isWebhookSecret('whsec_' + Buffer.alloc(octets).toString('base64'))).toBe(expected);
  });

  test.each(['', 'whsec_', secret.slice('whsec_'.length), 'whsec_!' + 'A'.repeat(40)])('%j is none', (text) => {
    expect(isWebhookSecret(text)).toBe(false);
  });
});
