import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advance, finalStates, isFinal, messageStates, rankOf, type MessageState } from './state.ts';

test.each<[MessageState, MessageState, MessageState]>([
  ['accepted', 'routed', 'routed'],
  ['sent', 'routed', 'sent'],
  ['accepted', 'delivered', 'delivered'],
  ['delivered', 'undelivered', 'delivered'],
  ['undelivered', 'delivered', 'undelivered'],
  ['no_report', 'delivered', 'delivered'],
  ['delivered', 'no_report', 'delivered'],
  ['no_report', 'sent', 'no_report'],
])('%s, then hearing of %s, is %s', (current, next, expected) => {
  expect(advance(current, next)).toBe(expected);
});

test('in whatever order states are heard of: never backwards, and a final state other than no_report stays', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...messageStates), { minLength: 1 }), (heard) => {
      let state: MessageState = 'accepted';
      for (const next of heard) {
        const was = state;
        state = advance(state, next);
        expect(rankOf(state)).toBeGreaterThanOrEqual(rankOf(was));
        if (isFinal(was) && was !== 'no_report') expect(state).toBe(was);
      }
      expect(rankOf(state)).toBe(Math.max(0, ...heard.map(rankOf)));
    }),
  );
});

test('the final states are those and no others', () => {
  expect(messageStates.filter(isFinal)).toEqual([...finalStates]);
});
