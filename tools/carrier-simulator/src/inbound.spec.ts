import { describe, expect, test } from '@jest/globals';
import { decodeShortMessage, joinSegments, parseUdh, unpackSeptets } from '@heliograph/segment';
import { decodePdu, encodePdu, getTlv, type PduOf } from '@heliograph/smpp';
import { inboundPdus, partsSent, type InboundRequest } from './inbound.ts';
import type { InboxAlphabet } from './inbox.ts';

const base = { from: '+447912345678', to: '+31699887766' };

function overTheWire(request: Partial<InboundRequest>, alphabet: InboxAlphabet = 'gsm', reference = 0x1234): PduOf<'deliver_sm'>[] {
  const pdus = inboundPdus({ ...base, ...request }, { reference, alphabet });
  if (typeof pdus === 'string') throw new Error(pdus);
  return pdus.map((pdu) => {
    const decoded = decodePdu(encodePdu({ ...pdu, sequence: 1 }));
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.pdu as PduOf<'deliver_sm'>;
  });
}

function textOf(pdus: readonly PduOf<'deliver_sm'>[]): string {
  return joinSegments(
    pdus.map(({ data_coding: dataCoding, short_message: octets, esm_class }) => {
      const decoded = decodeShortMessage({ dataCoding, octets, udhi: (esm_class & 0x40) !== 0 });
      if (decoded.kind !== 'text') throw new Error('binary');
      return { body: decoded.octets, alphabet: decoded.alphabet, udh: decoded.udh?.octets };
    }),
  );
}

test('a short one is a deliver_sm without a header, numbers international', () => {
  expect(overTheWire({ text: 'Hello {you}' })).toMatchObject([
    {
      source_addr: '447912345678',
      source_addr_ton: 1,
      source_addr_npi: 1,
      destination_addr: '31699887766',
      dest_addr_ton: 1,
      esm_class: 0,
      data_coding: 0,
      short_message: Buffer.from('Hello \x1b(you\x1b)'),
    },
  ]);
});

test.each([
  ['Bank', 5, 0, 'Bank'],
  ['+4917112345678', 1, 1, '4917112345678'],
  ['4917112345678', 1, 1, '4917112345678'],
  ['72345', 0, 1, '72345'],
])('the address %s has type of number %i', (address, ton, npi, addr) => {
  const [pdu] = overTheWire({ from: address, to: address, text: '' });
  expect(pdu).toMatchObject({ source_addr: addr, source_addr_ton: ton, source_addr_npi: npi, destination_addr: addr, dest_addr_ton: ton });
});

const long = 'Each {part} has its [place]. '.repeat(15);
const unicode = 'Привет 😀 '.repeat(20);

describe.each([
  ['udh', 153, 67],
  ['udh16', 152, 66],
] as const)('in parts by %s', (parts, septets, units) => {
  test.each([
    ['GSM', long, septets],
    ['UCS-2', unicode, 2 * units],
  ])('%s: every part is full, and they make the text', (_, text, size) => {
    const pdus = overTheWire({ text, parts });
    expect(pdus.length).toBeGreaterThan(2);
    const bodies = pdus.map(({ short_message: octets }) => octets.length - (parseUdh(octets)?.length ?? 0));
    expect(bodies.slice(0, -1)).toEqual(bodies.slice(0, -1).map(() => size));
    expect(pdus.every(({ esm_class, short_message }) => esm_class === 0x40 && short_message.length <= 160)).toBe(true);
    const concat = pdus.map(({ short_message: octets }) => parseUdh(octets)?.concat);
    const reference = parts === 'udh' ? 0x34 : 0x1234;
    expect(concat).toEqual(pdus.map((_one, i) => ({ reference, total: pdus.length, sequence: i + 1 })));
    expect(textOf(pdus)).toBe(text);
  });
});

test('in parts by SAR TLVs there is no header', () => {
  const pdus = overTheWire({ text: long, parts: 'sar' });
  expect(pdus.map(({ tlvs }) => getTlv(tlvs, 'sar_segment_seqnum'))).toEqual(pdus.map((_, i) => i + 1));
  for (const { tlvs, esm_class } of pdus) {
    expect(esm_class).toBe(0);
    expect(getTlv(tlvs, 'sar_msg_ref_num')).toBe(0x1234);
    expect(getTlv(tlvs, 'sar_total_segments')).toBe(pdus.length);
  }
  expect(pdus.map(({ short_message }) => short_message.toString('latin1')).join('')).toBe(
    long.replaceAll(/[[\]{}]/g, (one) => `\x1b${escaped[one]}`),
  );
});

const escaped: Record<string, string> = { '{': '(', '}': ')', '[': '<', ']': '>' };

test('payload: one PDU, however long', () => {
  const [pdu, ...more] = overTheWire({ text: long, parts: 'payload' });
  expect(more).toEqual([]);
  expect(pdu?.short_message.length).toBe(0);
  expect(getTlv(pdu?.tlvs ?? [], 'message_payload')?.length).toBeGreaterThan(400);
});

test('packed septets, after their header on a septet boundary', () => {
  const text = 'x'.repeat(200);
  const pdus = overTheWire({ text }, 'packed');
  // 7 septets of the header, 153 of the body
  expect(pdus.map(({ short_message }) => short_message.length)).toEqual([140, 6 + Math.ceil((47 * 7 + 1) / 8)]);
  const bodies = pdus.map(({ short_message: octets }, i) => unpackSeptets(octets.subarray(6), i === 0 ? 153 : 47, 6));
  expect(Buffer.concat(bodies).toString('latin1')).toBe(text);
});

test('octets are binary unless a coding is named, and a text goes in the coding that is named', () => {
  expect(overTheWire({ octets: '00ff' })).toMatchObject([{ data_coding: 4, short_message: Buffer.from([0, 0xff]) }]);
  expect(overTheWire({ text: 'é', dataCoding: 3 })).toMatchObject([{ data_coding: 3, short_message: Buffer.from([0xe9]) }]);
  expect(overTheWire({ text: 'é' }, 'latin1')).toMatchObject([{ data_coding: 0, short_message: Buffer.from([0xe9]) }]);
});

test.each<[string, Partial<InboundRequest>]>([
  ['neither text nor octets', {}],
  ['both', { text: 'a', octets: '00' }],
  ['a text that is not in its coding', { text: '😀', dataCoding: 0 }],
  ['more than 255 parts', { text: 'x'.repeat(40_000) }],
  ['more than a TLV holds', { text: 'x'.repeat(70_000), parts: 'payload' }],
])('%s cannot be sent', (_, request) => {
  expect(typeof inboundPdus({ ...base, ...request }, { reference: 1, alphabet: 'gsm' })).toBe('string');
});

test.each<[string, Partial<InboundRequest>, number[] | undefined]>([
  ['all', {}, [1, 2, 3]],
  ['in another order, one twice', { order: [3, 1, 1, 2] }, [3, 1, 1, 2]],
  ['without one', { drop: [2] }, [1, 3]],
  ['only the one that was late', { order: [2] }, [2]],
  ['one that is not', { order: [4] }, undefined],
])('of three parts are sent: %s', (_, request, sent) => {
  expect(partsSent({ ...base, ...request }, 3)).toEqual(sent);
});
