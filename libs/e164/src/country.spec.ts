import { expect, test } from '@jest/globals';
import { countryOf, parseE164 } from './index.ts';
import type { E164 } from './index.ts';

test.each([
  ['calling code of one country', '+31612345678', 'NL'],
  ['three-digit calling code', '+351912345678', 'PT'],
  ['shared code, known range', '+14165550123', 'CA'],
  ['shared code, known range, second country', '+77011234567', 'KZ'],
  ['shared code, unknown range: the main country', '+15550100123', 'US'],
  ['shared code, known range of the main country', '+447912345678', 'GB'],
  ['international freephone', '+80012345678', undefined],
  ['unassigned calling code', '+9991234567', undefined],
])('%s: %s is %s', (_situation, number, country) => {
  expect(countryOf(number as E164)).toBe(country);
});

test('a parsed number is accepted as it is', () => {
  const parsed = parseE164('4915112345678');
  expect(parsed.ok && countryOf(parsed.number)).toBe('DE');
});
