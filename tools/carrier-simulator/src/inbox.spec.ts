import { describe, expect, test } from '@jest/globals';
import { packSeptets, segmentText } from '@heliograph/segment';
import { createInbox, type TakenSegment } from './inbox.ts';

function segmentsOf(text: string, { to = '15551234567', reference = 7, firstId = 1 } = {}): TakenSegment[] {
  const segmented = segmentText(text, { reference });
  if (!segmented.ok) throw new Error(segmented.reason);
  return segmented.segments.map(({ udh, body }, i) => ({
    from: 'Heliograph',
    to,
    dataCoding: segmented.alphabet === 'gsm' ? 0 : 8,
    udhi: udh !== undefined,
    octets: Buffer.concat([udh ?? Buffer.alloc(0), body]),
    id: String(firstId + i),
    atMs: 1_000 + i,
  }));
}

const long = 'Was bleibet aber, stiften die Dichter. {€} '.repeat(9);
const emoji = 'héliographe 🔆 '.repeat(12);

describe('an inbox', () => {
  test.each([
    ['short', 'hello', 1],
    ['long GSM', long, 3],
    ['long UCS-2', emoji, 3],
  ])('shows a %s text whole, whatever the order of its parts', (_, text, parts) => {
    const inbox = createInbox();
    for (const segment of segmentsOf(text).reverse()) inbox.take(segment);
    expect(inbox.find()).toMatchObject([{ from: 'Heliograph', to: '15551234567', text, parts, ids: ['1', '2', '3'].slice(0, parts) }]);
  });

  test.each([0x00, 0x10, 0xf0])('reads data_coding %i as text in the default alphabet', (dataCoding) => {
    const inbox = createInbox();
    inbox.take({ ...(segmentsOf('now @ you')[0] as TakenSegment), dataCoding });
    expect(inbox.find()[0]?.text).toBe('now @ you');
  });

  test('puts parts together by SAR TLVs, and shows the TLVs beside the first', () => {
    const inbox = createInbox();
    const parts = segmentsOf(long).map((segment, i, { length }) => ({
      ...segment,
      udhi: false,
      octets: segment.octets.subarray(6),
      sar: { reference: 0x1234, total: length, sequence: i + 1 },
      tlvs: [{ tag: 0x1400, value: '31' }],
    }));
    for (const part of parts.reverse()) inbox.take(part);
    expect(inbox.find()).toMatchObject([{ text: long, parts: 3, tlvs: [{ tag: 0x1400, value: '31' }] }]);
  });

  test('reads data_coding 0, and only that, in its alphabet', () => {
    const inbox = createInbox({ alphabet: 'latin1' });
    const octets = Buffer.from('@ä', 'latin1');
    for (const dataCoding of [0x00, 0x03]) inbox.take({ ...(segmentsOf('x')[0] as TakenSegment), dataCoding, octets });
    inbox.take({ ...(segmentsOf('@$')[0] as TakenSegment), dataCoding: 0x10 });
    expect(inbox.find().map(({ text }) => text)).toEqual(['@ä', '@ä', '@$']);
  });

  test('reads packed septets, behind a header too', () => {
    const inbox = createInbox({ alphabet: 'packed' });
    inbox.take({ ...(segmentsOf('x')[0] as TakenSegment), octets: packSeptets(Buffer.from('hellohello')) });
    for (const { octets, ...segment } of segmentsOf('x'.repeat(200)))
      inbox.take({ ...segment, octets: Buffer.concat([octets.subarray(0, 6), packSeptets(octets.subarray(6), 6)]) });
    inbox.take(segmentsOf('Я')[0] as TakenSegment);
    expect(inbox.find().map(({ text }) => text)).toEqual(['hellohello', 'x'.repeat(200), 'Я']);
  });

  test('shows what is not text as octets', () => {
    const inbox = createInbox();
    inbox.take({ ...(segmentsOf('x')[0] as TakenSegment), dataCoding: 4, octets: Buffer.from('00ff10', 'hex') });
    expect(inbox.find()).toMatchObject([{ text: '', octets: '00ff10' }]);
  });

  test('counts whole messages, different ones, repeated ones and those that lack a part', () => {
    const inbox = createInbox();
    const [first, second, third] = segmentsOf(long) as [TakenSegment, TakenSegment, TakenSegment];
    for (const segment of [
      first,
      second,
      third,
      ...segmentsOf('hello'),
      ...segmentsOf('hello'),
      ...segmentsOf('hello', { to: '15550000000' }),
    ])
      inbox.take(segment);
    inbox.take(first);
    expect(inbox.counts).toMatchObject({ messages: 4, distinct: 3, duplicates: 1, incomplete: 1 });
  });

  test('the same long text sent again with another reference is a repetition', () => {
    const inbox = createInbox();
    for (const reference of [1, 2]) for (const segment of segmentsOf(long, { reference })) inbox.take(segment);
    expect(inbox.counts).toMatchObject({ messages: 2, distinct: 1, duplicates: 1 });
  });

  test('keeps the newest messages only, and gives up the oldest incomplete', () => {
    const inbox = createInbox({ messagesMax: 3, partialsMax: 2 });
    for (let i = 0; i < 8; i++) {
      for (const segment of segmentsOf(`n${i}`)) inbox.take(segment);
      inbox.take(segmentsOf(long, { reference: i })[0] as TakenSegment);
    }
    expect(inbox.find().map(({ text }) => text)).toEqual(['n5', 'n6', 'n7']);
    expect(inbox.find({ limit: 1 }).map(({ text }) => text)).toEqual(['n7']);
    expect(inbox.find({ to: '1' })).toEqual([]);
    expect(inbox.counts).toMatchObject({ messages: 8, distinct: 8, incomplete: 2, incompleteDropped: 6 });
  });

  test('keeps no view of the socket buffer', () => {
    const inbox = createInbox();
    const octets = Buffer.from('hello');
    inbox.take({ ...(segmentsOf('x')[0] as TakenSegment), octets });
    octets.fill(0x78);
    expect(inbox.find()[0]?.text).toBe('hello');
  });
});
