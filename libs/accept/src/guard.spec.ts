import { describe, expect, test } from '@jest/globals';
import { combine, tenantGuards } from '@heliograph/registry';
import fc from 'fast-check';
import { capScopeOf, prefixesOf } from './caps.ts';
import { premiumRanges } from './guard-premium.ts';
import { guard } from './guard.ts';

const guards = (operator: object, own: object = {}) => combine(tenantGuards.parse({ operator, own }));
const to = (digits: string, segments = 1) => ({ digits, segments });

describe('a message', () => {
  test.each<[string, ReturnType<typeof to>, ReturnType<typeof guards>, string | undefined]>([
    ['without guards is taken', to('31612345678', 255), guards({}), undefined],
    ['of as many segments as may be is taken', to('31612345678', 3), guards({ segmentsMax: 3 }), undefined],
    ['of one more is not', to('31612345678', 4), guards({ segmentsMax: 3 }), 'too_many_segments'],
    [
      'of more than the tenant itself wants is not',
      to('31612345678', 3),
      guards({ segmentsMax: 3 }, { segmentsMax: 2 }),
      'too_many_segments',
    ],
    ['to a prefix of the list is taken', to('31612345678'), guards({ allow: ['32', '316'] }), undefined],
    ['to another is not', to('31201234567'), guards({ allow: ['32', '316'] }), 'destination_denied'],
    [
      'to a prefix of one list and not of the other is not',
      to('31201234567'),
      guards({ allow: ['31'] }, { allow: ['316'] }),
      'destination_denied',
    ],
    ['to a prefix of both lists is taken', to('31612345678'), guards({ allow: ['31'] }, { allow: ['316'] }), undefined],
    ['to a prefix that is denied is not', to('31612345678'), guards({ allow: ['31'], deny: ['316'] }), 'destination_denied'],
    ['to a prefix that the tenant itself denies is not', to('31612345678'), guards({}, { deny: ['316'] }), 'destination_denied'],
    ['to a premium range is not', to('979123456789'), guards({}), 'destination_denied'],
    ['to a premium range of an allowed country is not', to('449012345678'), guards({ allow: ['44'] }), 'destination_denied'],
    ['to a premium range that is let through is taken', to('979123456789'), guards({ allowPremium: ['979'] }), undefined],
    ['to a part of one that is let through is taken', to('881612345678'), guards({ allowPremium: ['8816'] }), undefined],
    ['to the rest of it is not', to('881712345678'), guards({ allowPremium: ['8816'] }), 'destination_denied'],
    [
      'to a premium range that is denied is not, also when it is let through',
      to('979123456789'),
      guards({ allowPremium: ['979'], deny: ['9'] }),
      'destination_denied',
    ],
  ])('%s', (_, message, given, reason) => {
    expect(guard(message, given)?.reason).toBe(reason);
  });

  test('to whom the tenant may not send is refused whatever else its own settings are', () => {
    const prefix = fc.stringMatching(/^[1-9][0-9]{0,3}$/);
    const lists = fc.record({ allow: fc.array(prefix, { maxLength: 3 }), deny: fc.array(prefix, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.stringMatching(/^[1-9][0-9]{6,14}$/), lists, lists, (digits, operator, own) => {
        const refused = guard(to(digits), guards(operator)) !== undefined;
        if (refused) expect(guard(to(digits), guards(operator, own))?.reason).toBe('destination_denied');
      }),
    );
  });
});

describe('the premium ranges', () => {
  test('are each there once, none within another', () => {
    for (const { prefix } of premiumRanges)
      expect(premiumRanges.filter((other) => prefix.startsWith(other.prefix)).map((one) => one.prefix)).toEqual([prefix]);
  });

  test.each([
    ['Netherlands', '31612345678'],
    ['United Kingdom', '447912345678'],
    ['Isle of Man', '447624123456'],
    ['United States', '12125550123'],
    ['Germany', '4915112345678'],
    ['Berlin', '493012345678'],
    ['France', '33612345678'],
    ['Belgium', '32470123456'],
    ['Ghent', '3292123456'],
    ['Spain', '34612345678'],
    ['Italy', '393312345678'],
    ['Austria', '436641234567'],
    ['Switzerland', '41791234567'],
    ['Sweden', '46701234567'],
    ['Umeå', '4690123456'],
    ['Norway', '4791234567'],
    ['Denmark', '4520123456'],
    ['Finland', '358401234567'],
    ['Poland', '48501234567'],
    ['Portugal', '351912345678'],
    ['Greece', '306912345678'],
    ['Czechia', '420601234567'],
    ['Australia', '61412345678'],
    ['New Zealand', '64211234567'],
    ['Japan', '819012345678'],
    ['Russia', '79161234567'],
    ['Brazil', '5511912345678'],
  ])('have no ordinary number of %s', (_, digits) => {
    expect(premiumRanges.filter(({ prefix }) => digits.startsWith(prefix))).toEqual([]);
  });
});

test('the scope of a message is every capped prefix that fits, the same for all numbers under the same caps', () => {
  const { cappedPrefixes } = guards({
    destinationCaps: ['44', '447', '31'].map((prefix) => ({ prefix, microCredits: '1' })),
    dailyCap: '1',
  });
  const scopes = ['447912345678', '447712345678', '442012345678', '31612345678', '15551234567'].map((one) =>
    capScopeOf(one, { cappedPrefixes }),
  );
  expect(scopes).toEqual(['44,447', '44,447', '44', '31', '']);
  expect(scopes.map(prefixesOf)).toEqual([['44', '447'], ['44', '447'], ['44'], ['31'], []]);
});
