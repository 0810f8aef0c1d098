import { describe, expect, test } from '@jest/globals';
import { createInboundTable, inboundAddress, inboundKeyword, inboundKeywordMax, type InboundRoute } from './inbound-table.ts';

const route = (id: string, address: string, match: InboundRoute['match'], keyword = ''): InboundRoute => ({
  id,
  address,
  match,
  keyword,
  tenantId: 'acme',
  credentialId: null,
});

const table = createInboundTable([
  route('exact', '4040', 'exact'),
  route('exact-win', '4040', 'exact', 'win'),
  route('all', '', 'prefix'),
  route('all-win', '', 'prefix', 'win'),
  route('nl', '31', 'prefix'),
  route('nl-mobile', '316', 'prefix'),
  route('nl-win', '31', 'prefix', 'win'),
  route('name', 'lotto', 'exact'),
]);

test.each<[string, string, string | undefined]>([
  ['4040', '', 'exact'],
  ['4040', 'other', 'exact'],
  ['4040', 'win', 'exact-win'],
  ['31201234567', '', 'nl'],
  ['31612345678', '', 'nl-mobile'],
  ['31612345678', 'win', 'nl-win'],
  ['49151', '', 'all'],
  ['49151', 'win', 'all-win'],
  ['lotto', 'win', 'name'],
  ['nobody', 'win', undefined],
  ['', '', undefined],
  ['316123456789012345', '', 'nl-mobile'],
])('what is sent to %j with the word %j is of the route %s', (address, keyword, id) => {
  expect(table.match(address, keyword)?.id).toBe(id);
});

test('a table of none matches nothing', () => {
  expect(createInboundTable([]).match('4040', 'win')).toBeUndefined();
});

test.each([
  ['+31699887766', '31699887766'],
  ['31699887766', '31699887766'],
  ['LOTTO', 'lotto'],
  [' +31699887766 ', '31699887766'],
  ['', ''],
])('the address %j is %j', (given, kept) => {
  expect(inboundAddress(given)).toBe(kept);
});

describe('the keyword', () => {
  test.each([
    ['STOP', 'stop'],
    ['  stop. please', 'stop'],
    ['"Stop!"', 'stop'],
    ['a1 b', 'a1'],
    ['ARRÊT', 'arrêt'],
    ['ARRE\u0302T', 'arrêt'],
    ['win-win', 'win'],
    ['СТОП', 'стоп'],
    ['…', ''],
    ['', ''],
    ['x'.repeat(1_000), 'x'.repeat(inboundKeywordMax)],
    ['😀 stop', 'stop'],
  ])('of %j is %j', (text, keyword) => {
    expect(inboundKeyword(text)).toBe(keyword);
  });

  test('is of a text of any length in no time', () => {
    const text = '!'.repeat(100_000);
    const startMs = performance.now();
    for (let i = 0; i < 1_000; i++) inboundKeyword(text);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
