import { expect, test } from '@jest/globals';
import type { OptOutKeyword } from '@heliograph/message';
import { optOutKeyword } from './opt-out-keyword.ts';

const own = { stop: ['Nein danke', 'рекламу не надо', 'help'], start: ['Weiter', 'stop'], help: ['?!help!?'] };

test.each<[text: string, expected: OptOutKeyword | undefined]>([
  ['STOP', 'stop'],
  ['stop', 'stop'],
  ['  Stop. \n', 'stop'],
  ['"STOP!"', 'stop'],
  ['Stop all', 'stop'],
  ['STOP  ALL', 'stop'],
  ['StopAll', 'stop'],
  ['opt-out', 'stop'],
  ['Unsubscribe', 'stop'],
  ['Arrêt', 'stop'],
  ['ARRE\u0302T', 'stop'],
  ['Stopp', 'stop'],
  ['STOP 🛑', 'stop'],
  ['START', 'start'],
  ['unstop', 'start'],
  ['help?', 'help'],
  ['Info', 'help'],
  ['yes', undefined],
  ['please stop', undefined],
  ['stop it', undefined],
  ['stopover', undefined],
  ['bus stop', undefined],
  ['', undefined],
  ['...', undefined],
  [`stop${'.'.repeat(100)}`, undefined],
  ['nein danke', undefined],
])('%j asks %s', (text, expected) => {
  expect(optOutKeyword(text)).toBe(expected);
});

test.each<[text: string, expected: OptOutKeyword | undefined]>([
  ['NEIN DANKE!', 'stop'],
  ['Рекламу не надо', 'stop'],
  ['weiter', 'start'],
  ['STOP', 'stop'],
  ['help', 'help'],
  ['', undefined],
])('%j asks %s of a tenant with words of its own, which change none of the usual ones', (text, expected) => {
  expect(optOutKeyword(text, own)).toBe(expected);
});

test('a word of its own that has two meanings stops', () => {
  expect(optOutKeyword('halt', { stop: ['halt'], start: ['halt'], help: ['HALT'] })).toBe('stop');
});
