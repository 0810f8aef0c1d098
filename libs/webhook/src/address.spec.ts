import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { isPrivateAddress, PrivateAddressError, publicLookup } from './address.ts';

describe('addresses no webhook may reach', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '0.1.2.3',
    '100.127.255.255',
    '192.0.0.8',
    '192.88.99.1',
    '198.51.100.1',
    '203.0.113.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:169.254.169.254',
    '::ffff:100.64.0.1',
    '::ffff:0.0.0.0',
    '0:0:0:0:0:ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::7f00:1',
    '100:0:0:1::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:a00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fdff::1',
    'fec0::1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'ff02::1',
    'ff0e::1',
    'not an address',
  ])('%s is refused', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  test.each([
    '1.1.1.1',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.0.1',
    '169.253.0.1',
    '172.15.255.255',
    '192.0.1.1',
    '223.255.255.254',
    '2001:200::1',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:1.1.1.1',
  ])('%s is public', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe('the look-up of a webhook host', () => {
  type Found = { error: Error | null; addresses: string | LookupAddress[] };
  function lookUp(given: LookupAddress[] | Error, all: boolean): Promise<Found> {
    const system = (_: string, __: object, callback: (error: Error | null, addresses: LookupAddress[]) => void) =>
      given instanceof Error ? callback(given, []) : callback(null, given);
    const lookup = publicLookup(system as never);
    return new Promise((resolve) => lookup('example.com', { all }, (error, addresses) => resolve({ error, addresses })));
  }
  const inside = { address: '10.0.0.1', family: 4 };
  const outside = { address: '1.1.1.1', family: 4 };

  test('gives only public addresses', async () => {
    expect(await lookUp([inside, outside], true)).toEqual({ error: null, addresses: [outside] });
    expect(await lookUp([inside, outside], false)).toEqual({ error: null, addresses: '1.1.1.1' });
  });

  test('fails when there is none', async () => {
    expect((await lookUp([inside], true)).error).toBeInstanceOf(PrivateAddressError);
    expect((await lookUp([], false)).error).toBeInstanceOf(PrivateAddressError);
  });

  test('passes on what the resolver says', async () => {
    const notFound = new Error('ENOTFOUND');
    expect((await lookUp(notFound, true)).error).toBe(notFound);
  });
});
