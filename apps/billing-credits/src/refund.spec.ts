import { expect, test } from '@jest/globals';
import { finalStates, type FinalState } from '@heliograph/message';
import { message, reported } from '../test/money.ts';
import { refundOf } from './refund.ts';

const plan: ReadonlySet<FinalState> = new Set<FinalState>(['failed', 'rejected', 'expired']);
const sent = message('acme', '', 7n);

test.each(finalStates)('a message that ended as %s has its charge back when the plan says so, else not', (state) => {
  const due = { messageId: sent.id, tenant: 'acme', state, microCredits: 7n };
  expect(refundOf(reported(sent, state), plan)).toEqual(plan.has(state) ? due : undefined);
});

test('a free message gives nothing back', () => {
  expect(refundOf(reported(message('acme', '', 0n), 'failed'), plan)).toBeUndefined();
});

test('a message without an id of ours, or with a charge that cannot be read, gives nothing back', () => {
  expect(refundOf(reported(message('acme', '', 7n, 'not-an-id'), 'failed'), plan)).toBeUndefined();
  expect(refundOf(reported({ ...sent, charge: { lease: '', microCredits: '-7' } }, 'failed'), plan)).toBeUndefined();
});
