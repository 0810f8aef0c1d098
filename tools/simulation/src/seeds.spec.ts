import { expect, test } from '@jest/globals';
import { sum, type Outcome, type Said } from './seeds.ts';

const held: Said = {
  seed: 2,
  hours: 1.5,
  messages: 10,
  accepted: 9,
  faults: { kill: 2, pause: 1 },
  violations: [],
  errors: 0,
  digest: 'a',
  steps: 5,
  statements: 5,
};
const broken: Said = { ...held, seed: 1, faults: { kill: 1 }, violations: [{ rule: 'money', detail: '', about: [], trail: [] }] };

test.each<[what: string, outcomes: readonly Outcome[], expected: ReturnType<typeof sum>]>([
  ['nothing', [], { runs: 0, hours: 0, messages: 0, accepted: 0, faults: {}, violations: 0, failedSeeds: [] }],
  [
    'runs, of which one broke a rule and one ended without a word',
    [{ seed: 9, failure: 'out of memory' }, held, broken],
    { runs: 3, hours: 3, messages: 20, accepted: 18, faults: { kill: 3, pause: 1 }, violations: 1, failedSeeds: [1, 9] },
  ],
])('the sums of %s', (_, outcomes, expected) => {
  expect(sum(outcomes)).toEqual(expected);
});
