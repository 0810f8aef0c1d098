import { describe, expect, test } from '@jest/globals';
import { headOf, type Cascade, type MessageRouted, type Outcome } from '@heliograph/message';
import { answerAfter, type Answer } from './answer.ts';
import { deliver, expire, giveBack, isExpired, type DeliveryFacts } from './deliver.ts';
import { aMessage } from '../../test/message.fixture.ts';

const now = 1_000_000;
const message = aMessage({ validUntilMs: now + 10_000 });
const ids = { respIdForm: 'hex', receiptIdForm: 'decimal', idCase: 'ignore', idLeadingZeros: 'strip' } as const;
const facts: DeliveryFacts = {
  connector: 'demo',
  group: 'demo-group',
  ids,
  unknownOutcome: 'resend',
  retries: new Map(),
  tries: 1,
  firstTriedAtMs: now - 1_000,
};
const routed: MessageRouted = { type: 'message.routed', at: now - 2_000, message, connector: 'demo', route: 'uk' };

const accepted: Answer = { kind: 'accepted', providerId: '38601fa' };
const throttled: Answer = { kind: 'throttled', status: 0x58 };
const failing: Answer = { kind: 'later', status: 0x08 };
const permanent: Answer = { kind: 'permanent', status: 0x0b };
const unknown: Answer = { kind: 'unknown' };
const unsent: Answer = { kind: 'unsent' };

const failed = (state: string, reason: string, errorCode?: string, special: object = {}) => ({
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
      ...special,
    },
  ],
});
/** It was submitted so often without an answer. */
const unanswered = (times: number) => ({ unanswered: times });

describe('a message whose segments have settled', () => {
  test('all taken: sent, with the ids in the form that its receipts will have', () => {
    expect(deliver(routed, [accepted, { kind: 'accepted', providerId: '06AAD5' }], facts, now)).toEqual({
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

  test('taken at last: how often it was never answered is said, as each may be a duplicate', () => {
    const answers = [accepted, answerAfter(answerAfter(answerAfter(undefined, unknown), unknown), accepted)];
    expect(deliver(routed, answers, facts, now)).toMatchObject({ events: [{ type: 'message.sent', unanswered: 2 }] });
  });

  test('an id that the provider did not give is left out', () => {
    expect(deliver(routed, [{ kind: 'accepted', providerId: '' }], facts, now)).toMatchObject({ events: [{ providerIds: [] }] });
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
      failed('failed', 'provider_unknown_outcome', undefined, unanswered(1)),
    ],
    ['not written', [unsent], {}, { kind: 'later', atMs: now, reason: 'unsent' }],
    ['not written in part', [accepted, unsent], {}, { kind: 'later', atMs: now, reason: 'unsent' }],
  ])('%s', (_, answers, special, outcome) => {
    expect(deliver(routed, answers, { ...facts, ...special }, now)).toEqual(outcome as Outcome);
  });
});

describe('a message whose time is over', () => {
  test.each<[string, (Answer | undefined)[], object]>([
    ['never tried', [], failed('expired', 'expired')],
    ['put off before', [accepted, failing], failed('expired', 'expired', '0x00000008')],
    ['perhaps taken', [undefined, unknown], failed('failed', 'provider_unknown_outcome', undefined, unanswered(1))],
  ])('%s', (_, answers, outcome) => {
    expect(expire(routed, answers, now)).toEqual(outcome);
  });

  test('is over at the millisecond it is valid until', () => {
    expect([now + 9_999, now + 10_000].map((at) => isExpired(message, at))).toEqual([false, true]);
  });
});

describe('a message with times to be tried again at', () => {
  const retries: DeliveryFacts['retries'] = new Map([
    ['throttled', [2_000, 5_000]],
    ['unknown', [1_500]],
    ['0x00000008', [4_000]],
  ]);
  const since = (ms: number) => ({ ...facts, retries, firstTriedAtMs: now - ms });

  test.each<[string, Answer[], number, object]>([
    ['comes at the first of them', [throttled], 300, { kind: 'later', atMs: now + 1_700, reason: 'throttled' }],
    ['comes at the next', [throttled], 2_000, { kind: 'later', atMs: now + 3_000, reason: 'throttled' }],
    ['is refused after the last', [throttled], 5_000, failed('rejected', 'provider_rejected', '0x00000058')],
    ['goes by its command_status before its kind', [failing], 300, { kind: 'later', atMs: now + 3_700, reason: 'later' }],
    [
      'has an unknown outcome after the last of what was never answered',
      [unknown],
      1_500,
      failed('failed', 'provider_unknown_outcome', undefined, unanswered(1)),
    ],
    [
      'has one after the last of another segment, too',
      [throttled, unknown],
      5_000,
      failed('failed', 'provider_unknown_outcome', undefined, unanswered(1)),
    ],
  ])('%s', (_, answers, ms, outcome) => {
    expect(deliver(routed, answers, since(ms), now)).toEqual(outcome);
  });

  test('is not tried after its time is over', () => {
    expect(deliver(routed, [throttled], { ...since(0), retries: new Map([['throttled', [60_000]]]) }, now)).toMatchObject({
      atMs: now + 10_005,
    });
  });
});

describe('a message whose rule lets it go on', () => {
  const all: Cascade = {
    refused: true,
    unknownOutcome: true,
    undelivered: true,
    noReceiptMs: 30_000,
    unavailableMs: 1_000,
    attemptsMax: 3,
    costMaxMicroCredits: '100',
  };
  const only = (part: Partial<Cascade>): Cascade => ({ attemptsMax: 3, ...part });
  const withCascade = (cascade: Cascade, special: Partial<MessageRouted> = {}): MessageRouted => ({ ...routed, cascade, ...special });
  const attempt = (cascade: Cascade) => ({ message, route: 'uk', attempt: 1, tried: ['demo'], cascade });
  const returned = (cascade: Cascade, why: string, ending: object, special: object = {}) => ({
    kind: 'done',
    events: [{ type: 'message.returned', at: now, by: 'demo', why, ...attempt(cascade), ending, ...special }],
  });
  const rejected = { state: 'rejected', reason: 'provider_rejected', errorCode: '0x0000000B' };
  const notKnown = { state: 'failed', reason: 'provider_unknown_outcome' };
  const doubtful: Answer = { ...permanent, unanswered: 1 };
  const refused = only({ refused: true });
  const unknownToo = only({ refused: true, unknownOutcome: true });

  test.each<[string, Cascade, Answer[], object]>([
    ['goes on when it is refused', refused, [permanent], returned(refused, 'refused', rejected)],
    [
      'goes on when its segments cannot be written here',
      refused,
      [{ kind: 'unsendable' }],
      returned(refused, 'refused', { ...rejected, errorCode: 'unsendable' }),
    ],
    [
      'ends when it is refused and only other reasons count',
      only({ undelivered: true }),
      [permanent],
      failed('rejected', 'provider_rejected', '0x0000000B'),
    ],
    [
      'ends when it may be out and only a refusal counts',
      refused,
      [unknown],
      failed('failed', 'provider_unknown_outcome', undefined, unanswered(1)),
    ],
    [
      'ends when a try that may be out was refused the next time',
      refused,
      [doubtful],
      failed('rejected', 'provider_rejected', '0x0000000B', unanswered(1)),
    ],
    ['goes on when it may be out and that counts', unknownToo, [unknown], returned(unknownToo, 'unknown', notKnown, unanswered(1))],
    [
      'goes on as one that may be out when a try before was',
      unknownToo,
      [doubtful],
      returned(unknownToo, 'unknown', rejected, unanswered(1)),
    ],
  ])('%s', (_, cascade, answers, outcome) => {
    expect(deliver(withCascade(cascade), answers, { ...facts, unknownOutcome: 'fail' }, now)).toEqual(outcome);
  });

  test('goes on after the last time to be tried again', () => {
    const retries = new Map([['later', [500]]]);
    expect(deliver(withCascade(refused), [failing], { ...facts, retries }, now)).toEqual(
      returned(refused, 'refused', { ...rejected, errorCode: '0x00000008' }),
    );
  });

  test.each<[string, MessageRouted, number]>([
    ['has had all its attempts', withCascade(all, { attempt: 3, tried: ['a', 'b'] }), now],
    ['is over its time', withCascade(all), message.validUntilMs],
  ])('ends as without one when it %s', (_, event, at) => {
    expect(deliver(event, [permanent], facts, at)).toMatchObject({ events: [{ type: 'message.failed', state: 'rejected' }] });
  });

  test.each<[string, Answer[], string | undefined, string | undefined]>([
    ['nothing when it took none of it', [permanent], '40', '40'],
    ['its share when it took a part, rounded up', [accepted, permanent, permanent], '40', '44'],
    ['its share of what it may have taken', [{ ...permanent, unanswered: 1 }], undefined, '10'],
  ])('adds to what providers take: %s', (_, answers, before, after) => {
    const event = withCascade(all, { buyMicroCredits: '10', ...(before === undefined ? {} : { spentMicroCredits: before }) });
    const outcome = deliver(event, answers, facts, now);
    expect(outcome.kind === 'done' && outcome.events[0]).toMatchObject({ type: 'message.returned', spentMicroCredits: after });
  });

  test('tells the receipts what there is to go on with, and which attempt it is', () => {
    const event = withCascade(all, { attempt: 2, tried: ['first'], buyMicroCredits: '7', spentMicroCredits: '5' });
    expect(deliver(event, [accepted], facts, now)).toMatchObject({
      events: [
        {
          type: 'message.sent',
          attempt: 2,
          again: { message, route: 'uk', attempt: 2, tried: ['first', 'demo'], cascade: all, spentMicroCredits: '12' },
        },
      ],
    });
  });

  test.each<[string, MessageRouted, object]>([
    ['when receipts change nothing', withCascade(unknownToo), { again: undefined, attempt: undefined }],
    ['at the last attempt', withCascade(all, { attempt: 3 }), { again: undefined, attempt: 3 }],
  ])('tells them nothing %s', (_, event, part) => {
    const outcome = deliver(event, [accepted], facts, now);
    expect(outcome.kind === 'done' && outcome.events[0]).toEqual(expect.objectContaining({ type: 'message.sent' }));
    expect((outcome.kind === 'done' && outcome.events[0]) || {}).toMatchObject(
      Object.fromEntries(Object.entries(part).filter(([, v]) => v !== undefined)),
    );
    expect(outcome.kind === 'done' && outcome.events[0] && 'again' in outcome.events[0]).toBe(false);
  });

  test.each<[string, (event: MessageRouted) => Outcome]>([
    ['refused', (event) => deliver(event, [permanent], facts, now)],
    ['over its time', (event) => expire(event, [failing], message.validUntilMs)],
  ])('ends as no_report when it is %s after a connector that never said what became of it', (_, end) => {
    expect(end({ ...routed, attempt: 2, tried: ['first'], unreported: true })).toMatchObject({
      events: [{ type: 'message.failed', state: 'no_report', reason: 'no_report' }],
    });
  });

  describe('and that waits', () => {
    const waiting = only({ unavailableMs: 1_000 });
    const event = withCascade(waiting);

    test('is given back when its connector has been unable to send for so long', () => {
      expect(giveBack(event, [], true, now)).toEqual(returned(waiting, 'unavailable', { state: 'rejected', reason: 'unroutable' }));
      expect(giveBack(event, [failing], true, event.at + 1_000)).toMatchObject({ kind: 'done' });
    });

    test.each<[string, MessageRouted, (Answer | undefined)[], boolean, number]>([
      ['its connector can send', event, [], false, now],
      ['it has not waited so long', event, [], true, event.at + 999],
      ['some of it is out', event, [accepted, failing], true, now],
      ['some of it may be', event, [{ ...failing, unanswered: 1 }], true, now],
      ['its time is over', event, [], true, message.validUntilMs],
      ['its rule says nothing of it', withCascade(refused), [], true, now],
      ['it has no rule', routed, [], true, now],
    ])('stays when %s', (_, one, answers, unable, at) => {
      expect(giveBack(one, answers, unable, at)).toBeUndefined();
    });
  });
});
