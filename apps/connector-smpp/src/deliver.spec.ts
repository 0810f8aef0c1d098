import { describe, expect, test } from '@jest/globals';
import { headOf, type Outcome } from '@heliograph/message';
import type { Answer } from './answer.ts';
import { deliver, expire, isExpired, retryDelayMs, type DeliveryFacts } from './deliver.ts';
import { aMessage } from '../test/message.fixture.ts';

const now = 1_000_000;
const message = aMessage({ validUntilMs: now + 10_000 });
const ids = { respIdForm: 'hex', receiptIdForm: 'decimal', idCase: 'ignore', idLeadingZeros: 'strip' } as const;
const facts: DeliveryFacts = { connector: 'demo', group: 'demo-group', ids, unknownOutcome: 'resend', tries: 1 };

const accepted: Answer = { kind: 'accepted', providerId: '38601fa' };
const throttled: Answer = { kind: 'throttled', status: 0x58 };
const failing: Answer = { kind: 'later', status: 0x08 };
const permanent: Answer = { kind: 'permanent', status: 0x0b };
const unknown: Answer = { kind: 'unknown' };
const unsent: Answer = { kind: 'unsent' };

const failed = (state: string, reason: string, errorCode?: string) => ({
  kind: 'done',
  events: [
    {
      type: 'message.failed',
      at: now,
      message: headOf(message),
      by: 'demo',
      state,
      reason,
      ...(errorCode === undefined ? {} : { errorCode }),
    },
  ],
});

describe('a message whose segments have settled', () => {
  test('all taken: sent, with the ids in the form that its receipts will have', () => {
    expect(deliver(message, [accepted, { kind: 'accepted', providerId: '06AAD5' }], facts, now)).toEqual({
      kind: 'done',
      events: [
        {
          type: 'message.sent',
          at: now,
          message: headOf(message),
          connector: 'demo',
          group: 'demo-group',
          providerIds: ['59113978', '436949'],
        },
      ],
    });
  });

  test('an id that the provider did not give is left out', () => {
    expect(deliver(message, [{ kind: 'accepted', providerId: '' }], facts, now)).toMatchObject({ events: [{ providerIds: [] }] });
  });

  test.each<[string, Answer[], Partial<DeliveryFacts>, object]>([
    ['refused', [permanent], {}, failed('rejected', 'provider_rejected', '0x0000000B')],
    ['one of several refused', [accepted, permanent, throttled], {}, failed('rejected', 'provider_rejected', '0x0000000B')],
    ['not to be written', [{ kind: 'unsendable' }], {}, failed('rejected', 'provider_rejected', 'unsendable')],
    ['throttled', [throttled], {}, { kind: 'later', atMs: now + 1_000, reason: 'throttled' }],
    ['throttled in part', [accepted, throttled, unsent], {}, { kind: 'later', atMs: now + 1_000, reason: 'throttled' }],
    ['a system error at the third try', [failing], { tries: 3 }, { kind: 'later', atMs: now + 4_000, reason: 'later' }],
    ['a later time past its validity: just after it', [failing], { tries: 5 }, { kind: 'later', atMs: now + 10_005, reason: 'later' }],
    ['never answered', [unknown], {}, { kind: 'later', atMs: now + 1_000, reason: 'unknown' }],
    [
      'never answered, and not to be sent twice',
      [accepted, unknown],
      { unknownOutcome: 'fail' },
      failed('failed', 'provider_unknown_outcome'),
    ],
    ['not written', [unsent], {}, { kind: 'later', atMs: now, reason: 'unsent' }],
    ['not written in part', [accepted, unsent], {}, { kind: 'later', atMs: now, reason: 'unsent' }],
  ])('%s', (_, answers, special, outcome) => {
    expect(deliver(message, answers, { ...facts, ...special }, now)).toEqual(outcome as Outcome);
  });
});

describe('a message whose time is over', () => {
  test.each<[string, (Answer | undefined)[], object]>([
    ['never tried', [], failed('expired', 'expired')],
    ['put off before', [accepted, failing], failed('expired', 'expired', '0x00000008')],
    ['perhaps taken', [undefined, unknown], failed('failed', 'provider_unknown_outcome')],
  ])('%s', (_, answers, outcome) => {
    expect(expire(message, answers, facts, now)).toEqual(outcome);
  });

  test('is over at the millisecond it is valid until', () => {
    expect([now + 9_999, now + 10_000].map((at) => isExpired(message, at))).toEqual([false, true]);
  });
});

test('it is tried again after 1 s, doubling to 60 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map(retryDelayMs)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000));
});
