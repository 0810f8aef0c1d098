import { describe, expect, test } from '@jest/globals';
import { encodePdu, getTlv } from '@heliograph/smpp';
import { decodeGsm, encodeUcs2, joinSegments, parseUdh, unpackSeptets } from '@heliograph/segment';
import type { Message } from '@heliograph/message';
import { aMessage } from '../../test/message.fixture.ts';
import { buildSubmits, type Submit, type SubmitForm } from './submit.ts';

const usual: SubmitForm = {
  defaultAlphabet: 'gsm',
  gsmPacking: 'unpacked',
  longMessages: 'udh',
  sourceTon: undefined,
  sourceNpi: undefined,
  passTlvs: 'none',
  addTlvs: [],
};

function submitsOf(special: Partial<Message>, reference = 0x2a, form: Partial<SubmitForm> = {}): readonly Submit[] {
  const made = buildSubmits(aMessage(special), reference, { ...usual, ...form });
  if (!made.ok) throw new Error(made.reason);
  return made.submits;
}

const text = (of: string, udh?: string) => ({ content: { kind: 'text', text: of, ...(udh === undefined ? {} : { udh }) } }) as const;
const binary = (hex: string, udh?: string) =>
  ({ content: { kind: 'binary', octets: Buffer.from(hex, 'hex').toString('base64'), ...(udh === undefined ? {} : { udh }) } }) as const;

describe('the submit_sm of a message', () => {
  test('has every field that a provider reads', () => {
    expect(submitsOf({})).toEqual([
      {
        command: 'submit_sm',
        source_addr_ton: 5,
        source_addr_npi: 0,
        source_addr: 'Heliograph',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '15551234567',
        esm_class: 0,
        validity_period: '261121123015000+',
        registered_delivery: 1,
        data_coding: 0,
        short_message: Buffer.from('hello'),
      },
    ]);
  });

  test.each<[string, Partial<Message>, Partial<SubmitForm>, (number | undefined)[]]>([
    ['of a message of one part', {}, {}, [1]],
    ['of what the provider splits itself', text('a'.repeat(200)), { longMessages: 'payload' }, [1]],
    ['but never of parts, each of which would replace the one before', text('a'.repeat(200)), {}, [undefined, undefined]],
    ['but never of parts by SAR parameters', text('a'.repeat(200)), { longMessages: 'sar' }, [undefined, undefined]],
  ])('§5.2.18: replace_if_present_flag is passed on %s', (_, content, form, flags) => {
    const flagsOf = (special: Partial<Message>) => submitsOf(special, 1, form).map(({ replace_if_present_flag: flag }) => flag);
    expect(flagsOf({ ...content, replaceIfPresent: true })).toEqual(flags);
    expect(flagsOf(content)).toEqual(flags.map(() => undefined));
  });

  test.each([
    ['nothing', 0x00, 0x01],
    ['a report', 0x01, 0x01],
    ['a report of failures only', 0x02, 0x01],
    ['intermediate notifications too', 0x11, 0x11],
  ])(
    'the tenant asks for %s: the provider is asked for receipts always, for intermediate ones when the tenant wants them (§5.2.17)',
    (_, asked, sent) => {
      expect(submitsOf({ registeredDelivery: asked })[0]?.registered_delivery).toBe(sent);
    },
  );

  test.each<[string, Partial<Message>, { data_coding: number; esm_class: number; octets: string }]>([
    ['GSM text', text('@{'), { data_coding: 0x00, esm_class: 0, octets: '001b28' }],
    ['UCS-2 text', text('Я'), { data_coding: 0x08, esm_class: 0, octets: '042f' }],
    ['GSM flash', { ...text('hi'), flash: true }, { data_coding: 0x10, esm_class: 0, octets: '6869' }],
    ['UCS-2 flash', { ...text('Я'), flash: true }, { data_coding: 0x18, esm_class: 0, octets: '042f' }],
    ['binary', binary('00ff'), { data_coding: 0x04, esm_class: 0, octets: '00ff' }],
    ['binary flash', { ...binary('00ff'), flash: true }, { data_coding: 0x14, esm_class: 0, octets: '00ff' }],
    ['binary with a header', binary('00ff', '0504158a0000'), { data_coding: 0x04, esm_class: 0x40, octets: '0504158a000000ff' }],
    ['text with a header', text('hi', '0003000201'), { data_coding: 0x00, esm_class: 0x40, octets: '00030002016869' }],
    ['UCS-2 text with a header', text('Я', '050003070201'), { data_coding: 0x08, esm_class: 0x40, octets: '050003070201042f' }],
  ])('%s', (_, special, { data_coding, esm_class, octets }) => {
    const [submit, ...more] = submitsOf(special);
    expect(submit).toMatchObject({ data_coding, esm_class });
    expect(submit?.short_message?.toString('hex')).toBe(octets);
    expect(more).toEqual([]);
  });

  test.each([
    ['GSM', 'Der Sinn, daß {die} Post €5 kostet. '.repeat(12), 'gsm', 0],
    ['UCS-2', 'Привет 🔆 '.repeat(20), 'ucs2', 8],
  ] as const)('long %s: parts with an 8-bit reference that join to the text', (_, long, alphabet, data_coding) => {
    const submits = submitsOf(text(long), 0x1ff);
    expect(submits.length).toBeGreaterThan(1);
    submits.forEach((submit, i) => {
      expect(submit).toMatchObject({ esm_class: 0x40, data_coding });
      expect(submit.short_message?.subarray(0, 6).toString('hex')).toBe(
        Buffer.from([5, 0, 3, 0xff, submits.length, i + 1]).toString('hex'),
      );
      expect(submit.short_message?.length).toBeLessThanOrEqual(159);
    });
    const parts = submits.map(({ short_message = Buffer.alloc(0) }) => ({
      udh: short_message.subarray(0, 6),
      body: short_message.subarray(6),
      alphabet,
    }));
    expect(joinSegments(parts)).toBe(long);
  });

  test('more octets than short_message holds go into message_payload', () => {
    const [submit] = submitsOf(binary('ab'.repeat(300)));
    expect(submit?.short_message).toBeUndefined();
    expect(getTlv(submit?.tlvs ?? [], 'message_payload')?.length).toBe(300);
  });

  test('a text of more than 255 parts is refused', () => {
    expect(buildSubmits(aMessage(text('x'.repeat(153 * 255 + 1))), 0, usual)).toEqual({ ok: false, reason: 'too_long' });
  });

  test('the codec can write it', () => {
    for (const submit of submitsOf(text('Привет '.repeat(20)))) expect(encodePdu({ ...submit, sequence: 1 }).length).toBeGreaterThan(16);
  });

  test.each<[string, Partial<SubmitForm>, object]>([
    ['as the sender is', {}, { source_addr_ton: 5, source_addr_npi: 0 }],
    ['as the provider wants it', { sourceTon: 1, sourceNpi: 1 }, { source_addr_ton: 1, source_addr_npi: 1 }],
    ['as it wants one of the two, be it 0', { sourceTon: 0 }, { source_addr_ton: 0, source_addr_npi: 0 }],
  ])('its source address: %s', (_, form, fields) => {
    expect(submitsOf({}, 0, form)[0]).toMatchObject({ ...fields, source_addr: 'Heliograph' });
  });

  test('its TLVs: what the connector adds, behind the payload', () => {
    const [submit] = submitsOf(binary('ab'.repeat(300)), 0, { addTlvs: [{ tag: 0x1400, value: '3100' }] });
    expect(submit?.tlvs?.map(({ tag }) => tag)).toEqual([0x0424, 0x1400]);
  });
});

describe("data_coding 0 in a provider's default alphabet", () => {
  test.each<[string, 'latin1' | 'ascii', Partial<Message>, { data_coding: number; octets: string }]>([
    ['Latin-1', 'latin1', text('@ä{'), { data_coding: 0, octets: '40e47b' }],
    ['Latin-1 with a header', 'latin1', text('ä', '050003070201'), { data_coding: 0, octets: '050003070201e4' }],
    ['not in Latin-1, though in GSM', 'latin1', text('€'), { data_coding: 8, octets: '20ac' }],
    ['not in GSM, though in Latin-1: UCS-2, as it was priced', 'latin1', text('ç'), { data_coding: 8, octets: '00e7' }],
    ['flash names GSM itself', 'latin1', { ...text('@ä'), flash: true }, { data_coding: 0x10, octets: '007b' }],
    ['ASCII', 'ascii', text('@{_'), { data_coding: 0, octets: '407b5f' }],
    ['not in ASCII, though in GSM', 'ascii', text('ä'), { data_coding: 8, octets: '00e4' }],
    ['neither', 'ascii', text('Я'), { data_coding: 8, octets: '042f' }],
  ])('%s', (_, defaultAlphabet, special, { data_coding, octets }) => {
    const [submit] = submitsOf(special, 0, { defaultAlphabet });
    expect(submit).toMatchObject({ data_coding });
    expect(submit?.short_message?.toString('hex')).toBe(octets);
  });

  test('a long one has as many parts as in GSM: an extension character counts two', () => {
    const long = '{Zöe} '.repeat(40);
    const submits = submitsOf(text(long), 1, { defaultAlphabet: 'latin1' });
    expect(submits).toHaveLength(submitsOf(text(long)).length);
    const joined = submits.map(({ short_message = Buffer.alloc(0) }) => short_message.subarray(6).toString('latin1')).join('');
    expect(joined).toBe(long);
  });
});

/** As an SMSC does it that knows the octets only. */
function unpacked(octets: Buffer, headerOctets: number): string {
  const septets = Math.floor((octets.length * 8) / 7) - Math.ceil((headerOctets * 8) / 7);
  return decodeGsm(unpackSeptets(octets.subarray(headerOctets), septets, headerOctets));
}

describe('packed septets', () => {
  test.each<[string, Partial<Message>, string]>([
    ['of 3GPP TS 23.038 §6.1.2.1', text('hellohello'), 'e8329bfd4697d9ec37'],
    ['behind a header, after fill bits', text('hi', '050003070201'), '050003070201d069'],
    ['UCS-2 is not packed', text('Я'), '042f'],
    ['binary is not packed', binary('00ff'), '00ff'],
  ])('%s', (_, special, hex) => {
    expect(submitsOf(special, 0, { gsmPacking: 'packed' })[0]?.short_message?.toString('hex')).toBe(hex);
  });

  test.each(Array.from({ length: 17 }, (_, length) => length))(
    'of %i characters: read as they are, or with a carriage return behind',
    (length) => {
      const plain = 'x'.repeat(length);
      for (const udh of [undefined, '050003070201', '06080400070201']) {
        const [submit] = submitsOf(text(plain, udh), 0, { gsmPacking: 'packed' });
        const read = unpacked(submit?.short_message ?? Buffer.alloc(0), (udh?.length ?? 0) / 2);
        expect([plain, `${plain}\r`]).toContain(read);
      }
    },
  );

  test.each(['udh', 'udh16', 'sar'] as const)('of a long text (%s): parts of 140 octets at most that join to the text', (longMessages) => {
    const long = 'The quick brown fox jumps over the lazy dog. '.repeat(12);
    const submits = submitsOf(text(long), 0x1ff, { gsmPacking: 'packed', longMessages });
    expect(submits).toHaveLength(4);
    const read = submits.map(({ short_message = Buffer.alloc(0), esm_class = 0 }) => {
      expect(short_message.length).toBeLessThanOrEqual(140);
      return unpacked(short_message, esm_class & 0x40 ? (parseUdh(short_message)?.length ?? 0) : 0);
    });
    expect(read.join('')).toBe(long);
  });
});

describe('a long text', () => {
  const long = 'Der Sinn, daß {die} Post €5 kostet. '.repeat(12);

  test('with a 16-bit reference', () => {
    const submits = submitsOf(text(long), 0x1234, { longMessages: 'udh16' });
    submits.forEach(({ short_message = Buffer.alloc(0), esm_class }, i) => {
      expect(esm_class).toBe(0x40);
      expect(parseUdh(short_message)).toMatchObject({ length: 7, concat: { reference: 0x1234, total: submits.length, sequence: i + 1 } });
    });
  });

  test('with SAR TLVs (§5.3.2.22 to 24) and no header', () => {
    const submits = submitsOf(text(long), 0x1234, { longMessages: 'sar', addTlvs: [{ tag: 0x1400, value: '31' }] });
    expect(submits.length).toBeGreaterThan(2);
    submits.forEach(({ tlvs = [], esm_class }, i) => {
      expect(esm_class).toBe(0);
      const said = [getTlv(tlvs, 'sar_msg_ref_num'), getTlv(tlvs, 'sar_total_segments'), getTlv(tlvs, 'sar_segment_seqnum')];
      expect(said).toEqual([0x1234, submits.length, i + 1]);
      expect(tlvs.at(-1)).toEqual({ tag: 0x1400, value: Buffer.from('1') });
    });
    expect(submits.map(({ short_message = Buffer.alloc(0) }) => decodeGsm(short_message)).join('')).toBe(long);
  });

  test.each(['x'.repeat(161), long, 'Привет '.repeat(30)])('whole in message_payload: %#', (given) => {
    const made = buildSubmits(aMessage(text(given)), 0, { ...usual, longMessages: 'payload' });
    if (!made.ok) throw new Error(made.reason);
    expect(made.submits).toHaveLength(1);
    expect(made.segmentsEach).toBe(submitsOf(text(given)).length);
    const [{ short_message, tlvs = [], data_coding } = {} as Submit] = made.submits;
    expect(short_message).toBeUndefined();
    const octets = getTlv(tlvs, 'message_payload') as Buffer;
    expect(data_coding === 8 ? octets.equals(encodeUcs2(given)) : decodeGsm(octets) === given).toBe(true);
  });

  test.each(['udh', 'udh16', 'sar', 'payload'] as const)('that is short: nothing of %s', (longMessages) => {
    expect(submitsOf(text('x'.repeat(160)), 7, { longMessages })).toEqual(submitsOf(text('x'.repeat(160)), 7));
  });

  test.each(['sar', 'payload'] as const)('to a peer of 3.3, that knows no TLVs: headers for %s', (longMessages) => {
    const made = buildSubmits(aMessage(text(long)), 7, { ...usual, longMessages }, false);
    expect(made).toEqual(buildSubmits(aMessage(text(long)), 7, usual));
  });

  test('to a peer of 3.3, too long for short_message: refused, and not sent empty', () => {
    expect(buildSubmits(aMessage(binary('ab'.repeat(255))), 0, usual, false)).toEqual({ ok: false, reason: 'too_long' });
  });
});
