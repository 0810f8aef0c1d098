import { expect, test } from '@jest/globals';
import { isAllowedFrom, networkOf, readNetworks } from './network.ts';

test.each([
  ['192.0.2.77', ['192.0.2.0/24'], true],
  ['192.0.3.77', ['192.0.2.0/24'], false],
  ['192.0.2.77', ['192.0.2.77'], true],
  ['192.0.2.78', ['192.0.2.77'], false],
  ['192.0.2.77', ['192.0.2.99/24'], true],
  ['10.9.8.7', ['0.0.0.0/0'], true],
  ['2001:db8::1', ['0.0.0.0/0'], false],
  ['2001:db8:1::1', ['2001:db8::/32'], true],
  ['2001:db9::1', ['2001:db8::/32'], false],
  ['::1', ['::1'], true],
  ['::ffff:192.0.2.77', ['192.0.2.0/24'], true],
  ['192.0.2.77', ['2001:db8::/32', '192.0.2.0/24'], true],
  ['192.0.2.77', [], false],
  ['', ['0.0.0.0/0', '::/0'], false],
  ['not an address', ['0.0.0.0/0', '::/0'], false],
])('%s in %j: %s', (address, entries, expected) => {
  const { networks, unreadable } = readNetworks(entries);
  expect([networks.has(address), unreadable, networks.empty]).toEqual([expected, [], entries.length === 0]);
});

test.each([
  ['an empty list lets in everybody', [], '192.0.2.77', true],
  ['an address of the list comes in', ['192.0.2.0/24'], '::ffff:192.0.2.77', true],
  ['another does not', ['192.0.2.0/24'], '192.0.3.77', false],
  ['a list that cannot be read lets nobody in', ['localhost'], '127.0.0.1', false],
])('allow-list: %s', (_, allowIps, address, expected) => {
  expect(isAllowedFrom(allowIps, address)).toBe(expected);
  expect(isAllowedFrom(allowIps, address)).toBe(expected);
});

test('entries that are no network are said, and let nobody in', () => {
  const wrong = [
    '',
    'localhost',
    '192.0.2.0/33',
    '192.0.2/24',
    '2001:db8::/129',
    '192.0.2.0/',
    '192.0.2.0/-1',
    'fe80::1%eth0',
    '1.2.3.4/8/8',
  ];
  const { networks, unreadable } = readNetworks([...wrong, '192.0.2.1']);
  expect(unreadable).toEqual(wrong);
  expect([networks.has('192.0.2.1'), networks.has('192.0.2.2'), networks.empty]).toEqual([true, false, false]);
});

test.each([
  ['192.0.2.77', '192.0.2.3', true],
  ['192.0.2.77', '192.0.3.77', false],
  ['::ffff:192.0.2.77', '192.0.2.3', true],
  ['2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff:ffff:ffff', true],
  ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
  ['2001:db8::1', '2001:0DB8:0000:0000:1::', true],
  ['::1', '::2', true],
  ['::1', '1::', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
])('%s and %s are of one network: %s', (a, b, expected) => {
  expect(networkOf(a) === networkOf(b)).toBe(expected);
});
