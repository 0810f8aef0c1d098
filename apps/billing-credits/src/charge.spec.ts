import { expect, test } from '@jest/globals';
import { newId } from '@heliograph/message';
import { message } from '../test/money.ts';
import { chargesOf } from './charge.ts';

const [lease, other] = [newId(), newId()];

test('messages of a batch are summed up by tenant and lease', () => {
  const messages = [message('acme', lease, 3n), message('acme', other, 5n), message('acme', lease, 4n), message('bolt', other, 1n)];
  expect(chargesOf(messages)).toEqual({
    sums: [
      { tenant: 'acme', lease, microCredits: 7n },
      { tenant: 'acme', lease: other, microCredits: 5n },
      { tenant: 'bolt', lease: other, microCredits: 1n },
    ],
    unreadable: [],
  });
});

test('a message without a lease, or with none that could be ours, is charged all the same', () => {
  const messages = [message('acme', '', 3n), message('acme', "'; DROP", 4n)];
  expect(chargesOf(messages).sums).toEqual([{ tenant: 'acme', lease: null, microCredits: 7n }]);
});

test('a free message charges nothing', () => {
  expect(chargesOf([message('acme', lease, 0n)])).toEqual({ sums: [], unreadable: [] });
});

test.each(['', '-1', '1.5', '1e3', '12345678901234567', undefined])('a charge of %p is named and left out', (microCredits) => {
  const bad = { ...message('acme', lease, 1n), charge: { lease, microCredits: microCredits as string } };
  expect(chargesOf([bad, message('acme', lease, 2n)])).toEqual({
    sums: [{ tenant: 'acme', lease, microCredits: 2n }],
    unreadable: [bad.id],
  });
});
