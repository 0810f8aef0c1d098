import { describe, expect, test } from '@jest/globals';
import type { FinalState, ReportedMessage } from '@heliograph/message';
import { judgeRefunds, type GivenRefund } from './judge-refunds.ts';

const minuteMs = 60_000;
/** The plan is known since minute 0; what is of the last minutes before 100 is not settled. */
const rule = { states: new Set<FinalState>(['failed', 'no_report']), sinceMs: 0 };
const settledBeforeMs = 98 * minuteMs;

const message = (id: string, ...reports: [FinalState, number][]): ReportedMessage => ({
  id,
  microCredits: '5',
  reports: reports.map(([state, minute]) => ({ state, atMs: minute * minuteMs })),
});
const refund = (messageId: string, state: FinalState, minute: number, microCredits = 5n): GivenRefund => ({
  messageId,
  state,
  microCredits,
  atMs: minute * minuteMs,
});

interface Case {
  readonly refunds?: GivenRefund[];
  readonly messages?: ReportedMessage[];
}

describe('refunds agree with the history', () => {
  test.each<[string, Case]>([
    ['when there are none', {}],
    ['when what failed had its charge back', { refunds: [refund('a', 'failed', 50)], messages: [message('a', ['failed', 50])] }],
    [
      'when a late receipt lifted the state that was refunded',
      { refunds: [refund('a', 'no_report', 50)], messages: [message('a', ['no_report', 50], ['delivered', 60])] },
    ],
    ['when a report is so fresh that its refund may be on its way', { messages: [message('a', ['failed', 99])] }],
    ['when a refund is so fresh that the history may not have the report yet', { refunds: [refund('a', 'failed', 99)] }],
    ['when a state was reported that is not refunded', { messages: [message('a', ['rejected', 50])] }],
    [
      'when the plan did not refund the state at that time, or nobody knows',
      { messages: [message('a', ['failed', -10]), message('b', ['failed', 1])] },
    ],
    [
      'when the plan refunded another state at that time',
      { refunds: [refund('a', 'expired', -10)], messages: [message('a', ['expired', -10])] },
    ],
  ])('%s', (_, { refunds = [], messages = [] }) => {
    const judged = judgeRefunds({ refunds, messages, rule, settledBeforeMs });
    expect(judged).toEqual({ expected: judged.found, found: judged.expected, wrong: [] });
  });
});

describe('refunds differ from the history', () => {
  test.each<[string, Case, [expected: bigint, found: bigint]]>([
    ['when what failed had nothing back', { messages: [message('a', ['failed', 50])] }, [5n, 0n]],
    ['when nothing was reported of what was refunded', { refunds: [refund('a', 'failed', 50)] }, [0n, 5n]],
    ['when another state was reported', { refunds: [refund('a', 'failed', 50)], messages: [message('a', ['no_report', 50])] }, [0n, 5n]],
    [
      'when the plan does not refund the state',
      { refunds: [refund('a', 'expired', 50)], messages: [message('a', ['expired', 50])] },
      [0n, 5n],
    ],
    ['when more was given than charged', { refunds: [refund('a', 'failed', 50, 6n)], messages: [message('a', ['failed', 50])] }, [5n, 6n]],
    [
      'although two faults cancel each other out',
      { refunds: [refund('x', 'failed', 50)], messages: [message('a', ['failed', 50])] },
      [5n, 5n],
    ],
  ])('%s', (_, { refunds = [], messages = [] }, [expected, found]) => {
    const judged = judgeRefunds({ refunds, messages, rule, settledBeforeMs });
    expect(judged).toMatchObject({ expected, found });
    expect(judged.wrong.length).toBeGreaterThan(0);
  });
});
