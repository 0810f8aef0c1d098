import { expect, test } from '@jest/globals';
import { routeRule } from './rule.ts';

const targets = [{ connectorId: 'north' }];

test('what is left out is filled in', () => {
  expect(routeRule.parse({ targets })).toEqual({
    rank: 1_000,
    when: {},
    targets: [{ connectorId: 'north', weight: 1, tier: 0 }],
    choose: 'weight',
    sticky: false,
    qualityMin: 0,
  });
  const cascade = { on: ['refused'] };
  const two = [...targets, { connectorId: 'south' }];
  expect(routeRule.parse({ targets: two, cascade }).cascade).toEqual({ on: ['refused'], attemptsMax: 2, costMax: 'charge' });
});

const window = { from: '22:00', until: '06:00', zone: 'Europe/Amsterdam' };

test.each([
  [
    'every filter',
    {
      when: {
        prefixes: [''],
        networks: ['204', '20404'],
        tenants: ['acme'],
        senders: ['Ac*', '+31612345678', '', '*'],
        classes: ['otp'],
        text: '(?i)code',
        times: [window],
      },
    },
  ],
  [
    'rewrites',
    {
      sender: 'Acme',
      senders: { '+31612345678': '12345' },
      targets: [{ connectorId: 'north', sender: '+31612345678', senders: { '': 'Acme' } }],
    },
  ],
  [
    'a cost in credits',
    {
      targets: [...targets, { connectorId: 's' }],
      cascade: { on: ['no_receipt', 'unavailable'], noReceiptS: 10, unavailableS: 1, costMax: '0.125' },
    },
  ],
  ['a rejection', { targets: [], reject: true, note: 'fraud' }],
])('%s: is a rule', (_, given) => {
  expect(routeRule.safeParse({ targets, ...given }).error?.issues).toBeUndefined();
});

test.each<[string, object, string, RegExp]>([
  ['no target', { targets: [] }, 'targets', /one at least, unless reject/],
  ['twenty-one', { targets: Array.from({ length: 21 }, (_, i) => ({ connectorId: `c${i}` })) }, 'targets', /20/],
  ['the same connector twice', { targets: [...targets, ...targets] }, 'targets/1/connectorId', /twice/],
  ['a target of a rejection', { reject: true }, 'targets', /has none/],
  ['a cascade to nowhere', { cascade: { on: ['refused'] } }, 'cascade', /no second target/],
  ['a prefix with a plus sign', { when: { prefixes: ['31', '+44'] } }, 'when/prefixes/1', /without a plus sign/],
  ['an empty filter', { when: { tenants: [] } }, 'when/tenants', /leave it out/],
  ['a network of four digits', { when: { networks: ['2040'] } }, 'when/networks/0', /country of three digits/],
  ['a star in the middle', { when: { senders: ['a*b'] } }, 'when/senders/0', /one \* at the end/],
  ['two stars', { when: { senders: ['a**'] } }, 'when/senders/0', /one \* at the end/],
  ['a broken pattern', { when: { text: 'a(' } }, 'when/text', /missing closing \)/],
  ['a pattern that RE2 has not', { when: { text: '(a)\\1' } }, 'when/text', /is not a regular expression of RE2/],
  ['a pattern that grows', { when: { text: '(\\pL{100}){10}' } }, 'when/text', /repeats too much/],
  ['a pattern of 201 characters', { when: { text: 'a'.repeat(201) } }, 'when/text', /200/],
  ['an hour that is none', { when: { times: [{ ...window, from: '24:00' }] } }, 'when/times/0/from', /hours and minutes/],
  ['a zone that is none', { when: { times: [{ ...window, zone: 'Mars/Olympus' }] } }, 'when/times/0/zone', /IANA/],
  ['an offset for a zone', { when: { times: [{ ...window, zone: '+01:00' }] } }, 'when/times/0/zone', /IANA/],
  ['a sender that is none', { sender: 'a name that is too long' }, 'sender', /11 characters/],
  ['a rewrite to none', { senders: { acme: '' } }, 'senders/acme', /11 characters/],
  [
    'a policy without its time',
    { targets: [...targets, { connectorId: 's' }], cascade: { on: ['no_receipt'] } },
    'cascade/noReceiptS',
    /is needed with no_receipt/,
  ],
  [
    'a time for nothing',
    { targets: [...targets, { connectorId: 's' }], cascade: { on: ['refused'], unavailableS: 5 } },
    'cascade/unavailableS',
    /only for unavailable/,
  ],
  [
    'a cost that is none',
    { targets: [...targets, { connectorId: 's' }], cascade: { on: ['refused'], costMax: '-1' } },
    'cascade/costMax',
    /./,
  ],
  [
    'more pairs of prefix and network than fit',
    { when: { prefixes: Array.from({ length: 200 }, (_, i) => `${i}`), networks: Array.from({ length: 51 }, (_, i) => `${i + 100}`) } },
    'when/networks',
    /10000/,
  ],
])('%s: is none, and says where and why', (_, given, path, message) => {
  const issues = routeRule.safeParse({ targets, ...given }).error?.issues ?? [];
  expect(issues.map((issue) => issue.path.join('/'))).toEqual([path]);
  expect(issues[0]?.message).toMatch(message);
});
