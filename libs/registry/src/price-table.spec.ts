import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { priceKey } from './price-change.ts';
import { noPrices, parsePrices } from './price-table.ts';

// as `priceText` writes them
const table = parsePrices(
  'p,1000000,,;p44,2000000,,;p447,3000000,1000,2000;p447,4000000,2000,;n234,5000000,,3000;n23410,6000000,,2500;n234100,7000000,,;',
);
const vodafone = { mcc: '234', mnc: '15' };
const o2 = { mcc: '234', mnc: '10' };

test.each<[string, string, { mcc: string; mnc: string } | undefined, number, bigint | undefined]>([
  ['of every number', '31612345678', undefined, 0, 1_000_000n],
  ['of the longest prefix', '442012345678', undefined, 0, 2_000_000n],
  ['of a shorter prefix, before the longer is valid', '447912345678', undefined, 999, 2_000_000n],
  ['of the longest prefix from its beginning', '447912345678', undefined, 1_000, 3_000_000n],
  ['of it until its end, where another begins', '447912345678', undefined, 1_999, 3_000_000n],
  ['of the one that is valid then', '447912345678', undefined, 2_000, 4_000_000n],
  ["of the network's country before any prefix", '447912345678', vodafone, 2_999, 5_000_000n],
  ['of a prefix, when that of the country has ended', '447912345678', vodafone, 3_000, 4_000_000n],
  ['of the network before its country', '447912345678', o2, 2_499, 6_000_000n],
  ['of the country, when that of the network has ended', '447912345678', o2, 2_500, 5_000_000n],
  ['of a network with three digits, which is another one', '447912345678', { mcc: '234', mnc: '100' }, 9_000, 7_000_000n],
  ['of a prefix, for a network of which nobody says anything', '31612345678', { mcc: '204', mnc: '04' }, 0, 1_000_000n],
])('the price is that %s', (_, digits, network, nowMs, price) => {
  expect(table.price(digits, network, nowMs)).toBe(price);
});

test('a table of nothing has no price; one without dates has them always', () => {
  expect([noPrices.price('44', o2, 0), noPrices.size]).toEqual([undefined, 0]);
  expect([parsePrices('p44,1,,;').price('44', o2, -1e15), parsePrices('p44,1,,;').price('45', o2, 0)]).toEqual([1n, undefined]);
});

test('any prices, any number, any time: as a search through all of them says', () => {
  const prefixes = fc.stringMatching(/^[1-3]{0,3}$/);
  const networks = fc.record({ mcc: fc.constantFrom('204', '234'), mnc: fc.constantFrom('01', '001') });
  const what = fc.oneof(
    prefixes.map((prefix) => ({ prefix })),
    networks,
    networks.map(({ mcc }) => ({ mcc, mnc: '' })),
  );
  const price = fc.record({
    what,
    price: fc.bigInt(0n, 2n ** 63n - 1n),
    from: fc.nat(9),
    lasts: fc.option(fc.integer({ min: 1, max: 9 })),
  });
  const number = fc.stringMatching(/^[1-3]{3,6}$/);
  fc.assert(
    fc.property(fc.array(price), number, fc.option(networks), fc.nat(20), (given, digits, network, nowMs) => {
      const prices = given.map((one) => ({ ...one, until: one.lasts === null ? Infinity : one.from + one.lasts, key: priceKey(one.what) }));
      // of two that are valid at once, which the registry does not take, either may count: so none are made
      fc.pre(prices.every((a, i) => prices.every((b, j) => i === j || a.key !== b.key || a.until <= b.from || b.until <= a.from)));
      const text = prices.map(({ key, price, from, lasts, until }) => `${key},${price},${from === 0 ? '' : from},${lasts ? until : ''};`);
      const valid = prices.filter((one) => one.from <= nowMs && nowMs < one.until);
      const keys = [
        ...(network ? [`n${network.mcc}${network.mnc}`, `n${network.mcc}`] : []),
        ...Array.from({ length: digits.length + 1 }, (_, i) => `p${digits.slice(0, digits.length - i)}`),
      ];
      const expected = keys.flatMap((key) => valid.filter((one) => one.key === key))[0]?.price;
      expect(parsePrices(text.join('')).price(digits, network ?? undefined, nowMs)).toBe(expected);
    }),
  );
});
