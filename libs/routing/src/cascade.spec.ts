import { expect, test } from '@jest/globals';
import { compileCascade } from './cascade.ts';

const on = ['refused' as const];

test('every reason has its field, times in ms', () => {
  const all = compileCascade({
    on: ['refused', 'undelivered', 'no_receipt', 'unavailable', 'unknown'],
    noReceiptS: 90,
    unavailableS: 5,
    attemptsMax: 3,
    costMax: 'none',
  });
  expect(all({ chargeMicroCredits: 7n })).toEqual({
    refused: true,
    undelivered: true,
    noReceiptMs: 90_000,
    unavailableMs: 5_000,
    unknownOutcome: true,
    attemptsMax: 3,
  });
});

test.each<[string, string, bigint | undefined, string | undefined]>([
  ['what the tenant pays', 'charge', 1_500_000n, '1500000'],
  ['a charge of nothing', 'charge', 0n, '0'],
  ['a charge nobody knows yet', 'charge', undefined, undefined],
  ['whatever they take', 'none', 1_500_000n, undefined],
  ['so many credits', '2.05', 1_500_000n, '2050000'],
  ['whole credits', '3', undefined, '3000000'],
])('held by %s', (_, costMax, chargeMicroCredits, most) => {
  const made = compileCascade({ on, attemptsMax: 2, costMax })(chargeMicroCredits === undefined ? {} : { chargeMicroCredits });
  expect(made).toEqual({ refused: true, attemptsMax: 2, ...(most === undefined ? {} : { costMaxMicroCredits: most }) });
});
