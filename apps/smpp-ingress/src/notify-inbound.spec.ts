import { describe, expect, test } from '@jest/globals';
import type { Content, InboundDue } from '@heliograph/message';
import { decodeShortMessage, joinSegments, parseUdh, type DefaultAlphabet } from '@heliograph/segment';
import { decodePdu, encodePdu, getTlv, type PduOf } from '@heliograph/smpp';
import { deliverSmsOf, inboundDelivered } from './notify-inbound.ts';

const due: InboundDue = {
  type: 'inbound.due',
  at: Date.UTC(2026, 10, 20, 12, 5),
  tenant: 'acme',
  credential: 'test1',
  inbound: {
    id: '019c0a700000700080000000000000a7',
    connector: 'carrier',
    from: '+447912345678',
    to: '+31699887766',
    content: { kind: 'text', text: 'Hello' },
    receivedAtMs: Date.UTC(2026, 10, 20, 12, 5),
    parts: 1,
  },
};

function overTheWire(content: Content, alphabet: DefaultAlphabet = 'gsm', addresses = {}): PduOf<'deliver_sm'>[] {
  return deliverSmsOf({ ...due, inbound: { ...due.inbound, ...addresses, content } }, alphabet).map((made) => {
    const decoded = decodePdu(encodePdu({ ...made, sequence: 1 }));
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.pdu as PduOf<'deliver_sm'>;
  });
}

const text = (of: string, udh?: string): Content => ({ kind: 'text', text: of, ...(udh === undefined ? {} : { udh }) });
const binary = (octets: Buffer, udh?: string): Content => ({
  kind: 'binary',
  octets: octets.toString('base64'),
  ...(udh === undefined ? {} : { udh }),
});

test('§4.6: no receipt, from the handset to the number it wrote to, answered for by nobody else', () => {
  expect(overTheWire(text('Hello'))).toMatchObject([
    {
      esm_class: 0,
      source_addr: '447912345678',
      source_addr_ton: 1,
      source_addr_npi: 1,
      destination_addr: '31699887766',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      data_coding: 0,
      registered_delivery: 0,
      short_message: Buffer.from('Hello'),
      tlvs: [],
    },
  ]);
});

test.each([
  ['+447912345678', '447912345678', 1, 1],
  ['72345', '72345', 0, 1],
  ['*100#', '*100#', 0, 1],
  ['Bank', 'Bank', 5, 0],
  ['a name far too long for it', 'a name far too long ', 5, 0],
  ['日本', '??', 5, 0],
])('the address %s goes out as %s, type of number %i', (given, addr, ton, npi) => {
  const [pdu] = overTheWire(text('Hello'), 'gsm', { from: given, to: given });
  expect(pdu).toMatchObject({ source_addr: addr, source_addr_ton: ton, source_addr_npi: npi });
  expect(pdu).toMatchObject({ destination_addr: addr, dest_addr_ton: ton, dest_addr_npi: npi });
});

test.each<[string, DefaultAlphabet, string, number, string]>([
  ['GSM 03.38 to who reads that', 'gsm', 'Price: 5 € é', 0, '50726963653a2035201b652005'],
  ['Latin-1 to who reads that', 'latin1', 'ê é', 0, 'ea20e9'],
  ['UCS-2 for what is not GSM 03.38', 'gsm', 'ê', 8, '00ea'],
  ['UCS-2 for what is not Latin-1', 'latin1', '€', 8, '20ac'],
  ['nothing', 'gsm', '', 0, ''],
])('a text is sent as %s', (_, alphabet, given, dataCoding, octets) => {
  expect(overTheWire(text(given), alphabet)).toMatchObject([{ data_coding: dataCoding, short_message: Buffer.from(octets, 'hex') }]);
});

/** What a handset shows of it, wherever it was split. */
function shown(pdus: readonly PduOf<'deliver_sm'>[], defaultAlphabet: DefaultAlphabet): string {
  return joinSegments(
    pdus.map(({ data_coding: dataCoding, short_message: octets, esm_class }) => {
      const decoded = decodeShortMessage({ dataCoding, octets, udhi: (esm_class & 0x40) !== 0, defaultAlphabet });
      if (decoded.kind !== 'text') throw new Error('binary');
      return { body: decoded.octets, alphabet: decoded.alphabet, udh: decoded.udh?.octets };
    }),
  );
}

const smileys = '😀'.repeat(100);

describe('a long text goes in parts', () => {
  test.each<[string, DefaultAlphabet, string, number[]]>([
    ['160 septets are one', 'gsm', 'x'.repeat(160), [160]],
    ['161 septets', 'gsm', 'x'.repeat(161), [153, 8]],
    ['an escape stays with its septet', 'gsm', `${'x'.repeat(152)}${'€'.repeat(10)}`, [152, 20]],
    ['140 octets of Latin-1 are one', 'latin1', 'x'.repeat(140), [140]],
    ['141 octets of Latin-1', 'latin1', 'x'.repeat(141), [134, 7]],
    ['70 units of UCS-2 are one', 'gsm', 'ж'.repeat(70), [140]],
    ['71 units of UCS-2', 'gsm', 'ж'.repeat(71), [134, 8]],
    ['a surrogate pair stays whole', 'gsm', smileys, [132, 132, 132, 4]],
    ['255 parts', 'gsm', 'x'.repeat(255 * 153), new Array<number>(255).fill(153)],
  ])('%s', (_, alphabet, given, sizes) => {
    const pdus = overTheWire(text(given), alphabet);
    const several = sizes.length > 1;
    expect(pdus.map(({ short_message }) => short_message.length - (several ? 6 : 0))).toEqual(sizes);
    expect(pdus.every(({ esm_class }) => esm_class === (several ? 0x40 : 0))).toBe(true);
    if (several)
      expect(pdus.map(({ short_message: octets }) => parseUdh(octets)?.concat)).toEqual(
        sizes.map((_size, i) => ({ reference: 0xa7, total: sizes.length, sequence: i + 1 })),
      );
    expect(shown(pdus, alphabet)).toBe(given);
    // no part is half a character
    for (const pdu of pdus)
      expect(shown([pdu], alphabet)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]| /);
  });

  test('more than 255 parts: message_payload (§5.3.2.32)', () => {
    const [pdu, ...others] = overTheWire(text('x'.repeat(40_000)));
    expect(others).toEqual([]);
    expect(pdu).toMatchObject({ esm_class: 0, short_message: Buffer.alloc(0) });
    expect(getTlv(pdu?.tlvs ?? [], 'message_payload')?.length).toBe(40_000);
  });
});

describe('what has a header keeps it', () => {
  const ports = '0605041b5a1b5a';

  test('binary, in one', () => {
    const octets = Buffer.from('00ff10', 'hex');
    expect(overTheWire(binary(octets, ports))).toMatchObject([
      { data_coding: 4, esm_class: 0x40, short_message: Buffer.concat([Buffer.from(ports, 'hex'), octets]) },
    ]);
    expect(overTheWire(binary(octets))).toMatchObject([{ data_coding: 4, esm_class: 0, short_message: octets }]);
  });

  test('text, in one of 152 septets', () => {
    const [pdu, ...others] = overTheWire(text('x'.repeat(152), ports));
    expect(others).toEqual([]);
    expect(pdu).toMatchObject({ data_coding: 0, esm_class: 0x40 });
    expect(pdu?.short_message.subarray(0, 7).toString('hex')).toBe(ports);
  });

  test.each<[string, Content, number]>([
    ['binary', binary(Buffer.alloc(300, 0xf5), ports), 128],
    ['text', text('x'.repeat(300), ports), 146],
  ])('%s in several parts: each has it beside the number of the part', (_, content, size) => {
    const pdus = overTheWire(content);
    expect(pdus.length).toBe(3);
    const headers = pdus.map(({ short_message: octets }) => parseUdh(octets));
    for (const [i, header] of headers.entries()) {
      expect(header?.concat).toEqual({ reference: 0xa7, total: 3, sequence: i + 1 });
      expect(header?.elements.map(({ id, data }) => [id, data.toString('hex')])).toContainEqual([5, '1b5a1b5a']);
    }
    const bodies = pdus.map(({ short_message: octets }, i) => octets.subarray(headers[i]?.length ?? 0));
    expect(bodies[0]?.length).toBe(size);
    expect(Buffer.concat(bodies).length).toBe(300);
  });

  test('a header that leaves no room for parts: message_payload', () => {
    const header = Buffer.from([125, 0x70, 123, ...new Array<number>(123).fill(1)]);
    const [pdu, ...others] = overTheWire(text('x'.repeat(100), header.toString('hex')));
    expect(others).toEqual([]);
    expect(pdu?.esm_class).toBe(0x40);
    expect(getTlv(pdu?.tlvs ?? [], 'message_payload')?.length).toBe(226);
  });
});

test('a message that was taken is told of', () => {
  expect(inboundDelivered(due, 3, 5)).toEqual({
    type: 'inbound.delivered',
    at: 5,
    inboundId: due.inbound.id,
    tenant: 'acme',
    via: 'smpp',
    attempt: 3,
  });
});
