import { expect, test } from '@jest/globals';
import { passedTlvs, type TlvRule } from './passed-tlvs.ts';

/** A standard one, one of SMPP 5.0, two of vendors, one without octets. */
const given = [
  { tag: 0x0201, value: '02' },
  { tag: 0x0600, value: 'aa' },
  { tag: 0x1400, value: '31303000' },
  { tag: 0x1401, value: '32303000' },
  { tag: 0x130c, value: '' },
];

test.each<[string, Partial<TlvRule>, string[]]>([
  ['none', {}, []],
  ['standard', { passTlvs: 'standard' }, ['201:02', '130c:']],
  ['all, in the order given', { passTlvs: 'all' }, ['201:02', '600:aa', '1400:31303000', '1401:32303000', '130c:']],
  ['those listed', { passTlvs: [0x1400, 0x1401, 0x1402] }, ['1400:31303000', '1401:32303000']],
  ['an empty list', { passTlvs: [] }, []],
  ['a constant', { addTlvs: [{ tag: 0x1402, value: 'FF' }] }, ['1402:ff']],
  [
    "a constant wins over the tenant's",
    { passTlvs: 'all', addTlvs: [{ tag: 0x1400, value: '39' }] },
    ['201:02', '600:aa', '1401:32303000', '130c:', '1400:39'],
  ],
])('%s', (_, rule, shown) => {
  const sent = passedTlvs(given, { passTlvs: 'none', addTlvs: [], ...rule });
  expect(sent.map(({ tag, value }) => `${tag.toString(16)}:${value.toString('hex')}`)).toEqual(shown);
});

test('a message without any', () => {
  expect(passedTlvs(undefined, { passTlvs: 'all', addTlvs: [] })).toEqual([]);
});
