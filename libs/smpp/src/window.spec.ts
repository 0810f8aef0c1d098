import { describe, expect, test } from '@jest/globals';
import { createWindow, type RequestOutcome } from './window.ts';

describe('window', () => {
  test('sequence_number runs from 1 to 0x7FFFFFFF and again from 1 (§5.1.4)', () => {
    expect(createWindow().nextSequence()).toBe(1);
    const last = createWindow(0x7ffffffe);
    expect([last.nextSequence(), last.nextSequence()]).toEqual([0x7fffffff, 1]);
  });

  test('a number whose request is unanswered is not given again', () => {
    const window = createWindow(0x7fffffff);
    window.add(1, { command: 'submit_sm', sentAt: 0, order: 1, settle: () => undefined });
    expect(window.nextSequence()).toBe(2);
  });

  test('only what was sent long enough ago expires', () => {
    const window = createWindow();
    const outcomes: RequestOutcome[] = [];
    for (const sentAt of [10, 20, 30])
      window.add(sentAt, { command: 'submit_sm', sentAt, order: 1, settle: (outcome) => outcomes.push(outcome) });
    expect(window.expire(20)).toEqual(['submit_sm', 'submit_sm']);
    expect(outcomes).toEqual([{ kind: 'timeout' }, { kind: 'timeout' }]);
    expect(window.outstanding).toBe(1);
  });

  test('at the end, what the socket never got is known to be unwritten', () => {
    const window = createWindow();
    const outcomes: RequestOutcome[] = [];
    for (const order of [1, 2]) window.add(order, { command: 'submit_sm', sentAt: 0, order, settle: (outcome) => outcomes.push(outcome) });
    window.closeOutstanding(1);
    expect(outcomes).toEqual([
      { kind: 'closed', written: true },
      { kind: 'closed', written: false },
    ]);
  });
});
