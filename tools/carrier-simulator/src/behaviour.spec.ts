import { describe, expect, test } from '@jest/globals';
import { behaviourNames, behavioursByEnding, createBehaviours, wantsReceipt, type BehaviourName, type SubmitFacts } from './behaviour.ts';

const behaviours = createBehaviours({ receiptDelayMs: 200, slowMs: 1000, throttlePerSecond: 3, rejectStatus: 0x0b, dropAfter: 2 });
const first: SubmitFacts = { takenThisSecond: 0, submitsOfSession: 1, submits: 1 };

describe('a behaviour', () => {
  test.each<[BehaviourName, Partial<SubmitFacts>, object]>([
    ['normal', {}, { kind: 'take', answerDelayMs: 0, id: 'decimal', receipts: [{ delayMs: 200, state: 'DELIVERED', id: 'same' }] }],
    ['slow', { submits: 5 }, { kind: 'take', answerDelayMs: 1000 }],
    ['slow', { submits: 6 }, { kind: 'take', answerDelayMs: 800 }],
    ['throttling', { takenThisSecond: 2 }, { kind: 'take' }],
    ['throttling', { takenThisSecond: 3 }, { kind: 'refuse', status: 0x58 }],
    ['rejecting', {}, { kind: 'refuse', status: 0x0b }],
    ['dropping', { submitsOfSession: 1 }, { kind: 'take' }],
    ['dropping', { submitsOfSession: 2 }, { kind: 'hang_up' }],
    ['silent', {}, { kind: 'ignore' }],
    ['mute', { submits: 19 }, { kind: 'take' }],
    ['mute', { submits: 20 }, { kind: 'swallow' }],
    ['twice', {}, { kind: 'take', garbage: 'again' }],
    ['garbling', { submits: 10 }, { kind: 'take', garbage: 'unknown_sequence' }],
    ['garbling', { submits: 40 }, { kind: 'take', garbage: 'bad_length' }],
    ['early', {}, { kind: 'take', receipts: [{ state: 'DELIVERED', id: 'same', beforeAnswer: true }] }],
    ['thrice', {}, { kind: 'take', receipts: [{ delayMs: 200 }, { delayMs: 200 }, { delayMs: 1_200 }] }],
  ])('%s with %j', (name, facts, plan) => {
    expect(behaviours[name]({ ...first, ...facts })).toMatchObject(plan);
  });

  test('lying: hex id answered, two receipts with the decimal one, the first ahead of the answer', () => {
    expect(behaviours.lying(first)).toEqual({
      kind: 'take',
      answerDelayMs: 0,
      id: 'hex',
      receipts: [
        { delayMs: 0, state: 'UNDELIVERABLE', id: 'decimal', beforeAnswer: true },
        { delayMs: 200, state: 'UNDELIVERABLE', id: 'decimal' },
      ],
    });
  });

  test('flooding: ten receipts of unknown messages with each, and its own last', () => {
    const plan = behaviours.flooding(first);
    const ids = plan.kind === 'take' ? plan.receipts.map(({ id }) => id) : [];
    expect(ids).toEqual([...Array<string>(10).fill('foreign'), 'same']);
  });

  test('garbling: none between', () => {
    expect(behaviours.garbling({ ...first, submits: 11 })).not.toHaveProperty('garbage');
  });

  test('every behaviour has an ending of its own', () => {
    expect([...behavioursByEnding.values()].sort()).toEqual([...behaviourNames].sort());
  });
});

test.each([
  [0, 'DELIVERED', false],
  [1, 'DELIVERED', true],
  [1, 'UNDELIVERABLE', true],
  [2, 'DELIVERED', false],
  [2, 'UNDELIVERABLE', true],
  [3, 'DELIVERED', true],
  [3, 'UNDELIVERABLE', false],
  [0x11, 'DELIVERED', true],
] as const)('registered_delivery %i and %s: receipt %s', (registered, state, wanted) => {
  expect(wantsReceipt(registered, state)).toBe(wanted);
});
