import { expect, test } from '@jest/globals';
import type { InboundMessage } from '@heliograph/message';
import { optOutOf } from './opt-out.ts';

const at = new Date(1_000_000);
const inbound: InboundMessage = {
  id: '0193f0a0000070008000000000000001',
  connector: 'demo',
  from: '+31612345678',
  to: '+31201234567',
  content: { kind: 'text', text: 'Stop' },
  receivedAtMs: at.getTime(),
  parts: 1,
};
const said = { tenantId: 'acme', sender: '31201234567', recipient: '31612345678', state: 'out', via: 'keyword', at };
const text = (of: string) => ({ content: { kind: 'text', text: of } }) as const;
const ask = (special: Partial<InboundMessage> = {}, settings?: object, defaultCountry = '') =>
  optOutOf({ inbound: { ...inbound, ...special }, tenant: 'acme' }, { defaultCountry, ...(settings && { inbound: settings }) });

test.each<[what: string, special: Partial<InboundMessage>, asked: object]>([
  ['STOP', {}, { keyword: 'stop', word: 'stop', recipient: '31612345678', said }],
  ['STOP in several parts', { parts: 2 }, { keyword: 'stop', said }],
  ['START', text('START'), { keyword: 'start', said: { ...said, state: 'in' } }],
  ['STOP to a short code', { to: '1234' }, { said: { ...said, sender: '1234' } }],
  ['STOP to a name', { to: 'SHOP' }, { said: { ...said, sender: 'shop' } }],
  ['words that are one', text('Stop all!'), { keyword: 'stop', word: 'stop' }],
])('%s is kept of the number that was written to', (_, special, asked) => {
  expect(ask(special)).toMatchObject(asked);
});

test('HELP changes nothing', () => {
  expect(ask(text('help'))).toEqual({ keyword: 'help', word: 'help', recipient: '31612345678' });
});

test.each<[what: string, special: Partial<InboundMessage>]>([
  ['has more than the word', text('please stop')],
  ['is octets', { content: { kind: 'binary', octets: 'c3RvcA==' } }],
  ['misses a part', { ...text('stop'), parts: 2, missing: [2] }],
  ['is a part that came late', { parts: 2, late: 2 }],
  ['comes from a name', { from: 'Bank' }],
  ['was written to nobody', { to: '' }],
  ['was written to what no sender can be', { to: 'x'.repeat(33) }],
  ['was written to control characters', { to: 'a\u0000' }],
])('a text asks nothing that %s', (_, special) => {
  expect(ask(special)).toBeUndefined();
});

test('a national number is one of the country of the tenant', () => {
  expect(ask({ from: '0612345678' }, undefined, 'NL')).toMatchObject({ recipient: '31612345678' });
  expect(ask({ from: '0612345678' })).toBeUndefined();
});

test.each<[what: string, settings: object, special: Partial<InboundMessage>, asked: object | undefined]>([
  ['may have words of its own', { keywords: { stop: ['afmelden'] } }, text('Afmelden'), { keyword: 'stop' }],
  ['may see to it itself', { enabled: false }, {}, undefined],
  ['may answer', { replies: { stop: 'Bye', help: 'Call us' } }, {}, { answer: 'Bye' }],
  ['answers only what it has an answer to', { replies: { stop: 'Bye' } }, text('help'), { keyword: 'help', answer: undefined }],
  ['whose settings cannot be read heeds the usual words', { enabled: 'no' }, {}, { keyword: 'stop' }],
])('a tenant %s', (_, settings, special, asked) => {
  const found = ask(special, settings);
  if (asked === undefined) expect(found).toBeUndefined();
  else expect({ answer: undefined, ...found }).toMatchObject(asked);
});
