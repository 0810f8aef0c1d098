import { describe, expect, test } from '@jest/globals';
import { isTestNumber, testDeliveries, testRefusalOf, testRefusals, testStepsOf } from './test-number.ts';

const all = [...testDeliveries, ...testRefusals].map(({ number }) => number);

test('every number of the tables is a test number of 10 digits after its 1, and in them once', () => {
  expect(all.every((number) => isTestNumber(number) && /^\+1\d{10}$/.test(number))).toBe(true);
  expect(new Set(all).size).toBe(all.length);
});

test.each([
  ['+15550100000', true],
  ['+15550109999', true],
  ['+1555010', true],
  ['+155501000011', true],
  ['+15550110001', false],
  ['+15551234567', false],
  ['+441555010000', false],
  ['15550100001', false],
])('%s is a test number: %p', (number, expected) => {
  expect(isTestNumber(number)).toBe(expected);
});

describe('the steps of a test message', () => {
  test.each(testDeliveries.map((one) => [one.number, one.steps] as const))('to %s are in order of time and come to an end', (_, steps) => {
    const times = steps.map(({ afterMs }) => afterMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const last = steps.at(-1);
    expect(last?.kind === 'failed' || (last?.kind === 'receipt' && last.state !== 'sent')).toBe(true);
    // what has failed was never sent, and a receipt is of what was
    expect(steps[0]?.kind).toBe(steps.length === 1 ? 'failed' : 'sent');
  });

  test.each(['+15550105555', '+31612345678'])('to %s, of which no table says anything, end as delivered', (number) => {
    expect(testStepsOf(number)).toEqual(testStepsOf('+15550100001'));
  });
});

test('only the numbers of the table are refused', () => {
  for (const { number, reason } of testRefusals) expect(testRefusalOf(number)).toBe(reason);
  for (const number of ['+15550100001', '+15550100404', '+31612345678']) expect(testRefusalOf(number)).toBeUndefined();
});
