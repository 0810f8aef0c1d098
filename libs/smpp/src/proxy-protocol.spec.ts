import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseProxyHeader, proxyHeaderOctetsMax } from './proxy-protocol.ts';

const line = (text: string): Buffer => Buffer.from(text, 'latin1');
const signature = '0d0a0d0a000d0a515549540a';
/** Version 2 from its hex after the signature. */
const binary = (hex: string): Buffer => Buffer.from(signature + hex.replaceAll(' ', ''), 'hex');

const headers: [string, Buffer, { address: string; port: number } | undefined][] = [
  ['§2.1 TCP4', line('PROXY TCP4 192.0.2.1 198.51.100.7 56324 2775\r\n'), { address: '192.0.2.1', port: 56324 }],
  ['§2.1 TCP6', line('PROXY TCP6 2001:DB8:0:0::1 ::1 1 2775\r\n'), { address: '2001:db8::1', port: 1 }],
  [
    '§2.1 the longest TCP6 line',
    line(
      'PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n'.replaceAll('ffff:f...f:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'),
    ),
    { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', port: 65535 },
  ],
  ['§2.1 UNKNOWN', line('PROXY UNKNOWN\r\n'), undefined],
  ['§2.1 UNKNOWN with anything after it', line('PROXY UNKNOWN ffff::1 whatever\r\n'), undefined],
  ['§2.2 PROXY, TCP over IPv4', binary('21 11 000c c0000201 c6336407 dc04 0ad7'), { address: '192.0.2.1', port: 56324 }],
  [
    '§2.2 PROXY, TCP over IPv6',
    binary('21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0001 0ad7'),
    { address: '2001:db8::1', port: 1 },
  ],
  [
    '§2.2 with TLVs after the addresses',
    binary('21 11 0011 c0000201 c6336407 dc04 0ad7 03 0002 abcd'),
    { address: '192.0.2.1', port: 56324 },
  ],
  ['§2.2 LOCAL: a health check', binary('20 00 0000'), undefined],
  ['§2.2 LOCAL with addresses, which are skipped', binary('20 11 000c c0000201 c6336407 dc04 0ad7'), undefined],
  ['§2.2 UNSPEC', binary('21 00 0003 040000'), undefined],
  ['§2.2 UNIX', binary(`21 31 00d8 ${'00'.repeat(216)}`), undefined],
];

test.each(headers)('%s', (_, octets, source) => {
  expect(parseProxyHeader(octets)).toEqual({ kind: 'header', octets: octets.length, ...(source ? { source } : {}) });
});

test.each(headers)('%s: not before its last octet has come, and no octet more', (_, octets) => {
  for (let length = 0; length < octets.length; length++)
    expect(parseProxyHeader(octets.subarray(0, length))).toEqual({ kind: 'need_more' });
  expect(parseProxyHeader(Buffer.concat([octets, Buffer.from('more')]))).toMatchObject({ kind: 'header', octets: octets.length });
});

test.each([
  ['a bind', Buffer.from('0000002300000009', 'hex')],
  ['a TLS hello', Buffer.from('1603010200', 'hex')],
  ['HTTP', line('PRI * HTTP/2.0\r\n')],
  ['lower case', line('proxy TCP4 192.0.2.1 198.51.100.7 56324 2775\r\n')],
  ['no family', line('PROXY \r\n')],
  ['UDP4', line('PROXY UDP4 192.0.2.1 198.51.100.7 56324 2775\r\n')],
  ['a name for an address', line('PROXY TCP4 localhost 198.51.100.7 56324 2775\r\n')],
  ['IPv6 in TCP4', line('PROXY TCP4 ::1 198.51.100.7 56324 2775\r\n')],
  ['a zone', line('PROXY TCP6 fe80::1%eth0 ::1 56324 2775\r\n')],
  ['a leading zero', line('PROXY TCP4 192.0.2.1 198.51.100.7 056324 2775\r\n')],
  ['a port of 65536', line('PROXY TCP4 192.0.2.1 198.51.100.7 65536 2775\r\n')],
  ['two blanks', line('PROXY TCP4  192.0.2.1 198.51.100.7 56324 2775\r\n')],
  ['a port too many', line('PROXY TCP4 192.0.2.1 198.51.100.7 56324 2775 1\r\n')],
  ['a port too few', line('PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n')],
  ['a line without end', line(`PROXY UNKNOWN${' '.repeat(94)}`)],
  ['version 1 in the binary form', binary('11 11 000c c0000201 c6336407 dc04 0ad7')],
  ['a command that is not known', binary('22 11 000c c0000201 c6336407 dc04 0ad7')],
  ['a family that is not known', binary('21 41 000c c0000201 c6336407 dc04 0ad7')],
  ['UDP in the binary form', binary('21 12 000c c0000201 c6336407 dc04 0ad7')],
  ['shorter than its addresses', binary('21 11 000b c0000201 c6336407 dc04 0a')],
  ['longer than we take, at once', binary('21 11 ffff')],
])('invalid: %s', (_, octets) => {
  expect(parseProxyHeader(octets)).toMatchObject({ kind: 'invalid', reason: expect.any(String) });
});

test('whatever comes is decided within the limit', () => {
  const start = fc.constantFrom(line('PROXY '), line('PROXY TCP4 '), Buffer.from(signature, 'hex'), binary('21 11'), Buffer.alloc(0));
  fc.assert(
    fc.property(start, fc.uint8Array({ minLength: proxyHeaderOctetsMax, maxLength: proxyHeaderOctetsMax }), (head, rest) => {
      const octets = Buffer.concat([head, rest]);
      const header = parseProxyHeader(octets.subarray(0, proxyHeaderOctetsMax));
      expect(header.kind).not.toBe('need_more');
    }),
  );
});
