import { describe, expect, test } from '@jest/globals';
import { parseSender } from './index.ts';

type Given = { ton?: number; npi?: number };
type Case = [situation: string, text: string, given: Given | undefined, sender: [addr: string, ton: number, npi: number] | undefined];

const cases: Case[] = [
  ['E.164', '+15551234567', undefined, ['15551234567', 1, 1]],
  ['plain international digits', '447911123456', undefined, ['447911123456', 1, 1]],
  ['unescaped plus', ' 15551234567', undefined, ['15551234567', 1, 1]],
  ['short code of 3', '123', undefined, ['123', 3, 0]],
  ['short code of 6', '123456', undefined, ['123456', 3, 0]],
  ['2 digits', '12', undefined, undefined],
  ['name', 'Heliograph', undefined, ['Heliograph', 5, 0]],
  ['name with spaces and signs', 'Acme & Co.', undefined, ['Acme & Co.', 5, 0]],
  ['name of GSM letters beyond ASCII', 'Müller', undefined, ['Müller', 5, 0]],
  ['name of 11', 'ABCDEFGHIJK', undefined, ['ABCDEFGHIJK', 5, 0]],
  ['name of 12', 'ABCDEFGHIJKL', undefined, undefined],
  ['name with an extension character', 'Acme[1]', undefined, undefined],
  ['name outside the alphabet', 'Акме', undefined, undefined],
  ['name with NUL', 'Ac\u0000me', undefined, undefined],
  ['name with a line break', 'Acme\n', { ton: 5 }, undefined],
  ['no letter and no number', '12-34', undefined, undefined],
  ['national form', '07911123456', undefined, undefined],
  ['empty', '', undefined, undefined],
  ['only spaces', '   ', undefined, undefined],
  ['ton 0 counts as not given', '15551234567', { ton: 0, npi: 0 }, ['15551234567', 1, 1]],
  ['ton 0 with npi 1, a short code', '12345', { ton: 0, npi: 1 }, ['12345', 3, 1]],
  ['ton 1 kept, plus dropped', '+15551234567', { ton: 1, npi: 1 }, ['15551234567', 1, 1]],
  ['ton 1 kept for a short code', '12345', { ton: 1, npi: 1 }, ['12345', 1, 1]],
  ['ton 2 kept for a national number', '07911123456', { ton: 2, npi: 8 }, ['07911123456', 2, 8]],
  ['ton 3 kept for a long code', '56161234', { ton: 3, npi: 0 }, ['56161234', 3, 0]],
  ['ton 5 kept for digits', '12345', { ton: 5, npi: 0 }, ['12345', 5, 0]],
  ['ton 5 too long', '+15551234567', { ton: 5 }, undefined],
  ['ton 1 for a name', 'Acme', { ton: 1 }, undefined],
  ['reserved ton', '15551234567', { ton: 7 }, undefined],
];

describe('parseSender', () => {
  test.each(cases)('%s: %j', (_situation, text, given, expected) => {
    const [addr, ton, npi] = expected ?? [];
    expect(parseSender(text, given)).toEqual(expected ? { ok: true, sender: { addr, ton, npi } } : { ok: false, reason: 'bad_sender' });
  });
});
