import { describe, expect, test } from '@jest/globals';
import { comparableId, type ProviderIds } from './provider-id.ts';

const usual: ProviderIds = { respIdForm: 'string', receiptIdForm: 'string', idCase: 'ignore', idLeadingZeros: 'strip' };

describe('ids of one message are equal in answer and receipt', () => {
  test.each<[string, Partial<ProviderIds>, string, string]>([
    ['hex against zero-padded decimal', { respIdForm: 'hex', receiptIdForm: 'decimal' }, '38601fa', '0059113978'],
    ['hex against zero-padded decimal, five digits', { respIdForm: 'hex', receiptIdForm: 'decimal' }, '6aad5', '0000436949'],
    ['hex against zero-padded decimal, above 2^28', { respIdForm: 'hex', receiptIdForm: 'decimal' }, '18d0e03a', '0416342074'],
    ['hex of another case', { respIdForm: 'hex', receiptIdForm: 'decimal' }, '18D0E03A', '0416342074'],
    ['decimal against hex', { respIdForm: 'decimal', receiptIdForm: 'hex' }, '436949', '6AAD5'],
    ['text, but for case', {}, 'ABC-9f', 'abc-9F'],
    ['text, but for leading zeros', {}, '000a1', 'a1'],
    ['text, but for blanks', { idCase: 'keep', idLeadingZeros: 'keep' }, ' aB1 ', 'aB1'],
    ['text where hex was expected', { respIdForm: 'hex' }, 'XYZ-1', 'xyz-1'],
    ['nothing but zeros', {}, '0000', '0'],
  ])('%s', (_, special, answer, receipt) => {
    const ids = { ...usual, ...special };
    expect(comparableId(answer, 'respIdForm', ids)).toBe(comparableId(receipt, 'receiptIdForm', ids));
  });
});

describe('ids of two messages are not', () => {
  test.each<[string, Partial<ProviderIds>, string, string]>([
    ['that differ in case, where it counts', { idCase: 'keep' }, 'aB1', 'Ab1'],
    ['that differ in leading zeros, where they count', { idLeadingZeros: 'keep' }, '01', '1'],
    ['of more than 64 bits', { respIdForm: 'hex' }, 'ffffffffffffffffffff', 'fffffffffffffffffffe'],
  ])('%s', (_, special, one, other) => {
    const ids = { ...usual, ...special };
    expect(comparableId(one, 'respIdForm', ids)).not.toBe(comparableId(other, 'respIdForm', ids));
  });
});
