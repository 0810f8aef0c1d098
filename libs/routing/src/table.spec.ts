import { describe, expect, test } from '@jest/globals';
import type { RouteQuery } from './decision.ts';
import { aQuery, aRule, someFacts } from './routing.fixture.ts';
import type { RouteRuleGiven } from './rule.ts';
import { compileRoutes } from './table.ts';

type When = RouteRuleGiven['when'];

describe('a filter', () => {
  const network = { mcc: '204', mnc: '04' };
  test.each<[string, When, Partial<RouteQuery>, boolean]>([
    ['none', {}, {}, true],
    ['prefix that fits', { prefixes: ['44', '316'] }, {}, true],
    ['prefix that does not', { prefixes: ['44', '317'] }, {}, false],
    ['prefix of the whole number', { prefixes: ['31612345678'] }, {}, true],
    ['network', { networks: ['20404'] }, {}, true],
    ['country of the network', { networks: ['208', '204'] }, {}, true],
    ['other network', { networks: ['20408'] }, {}, false],
    ['prefix and network that both fit', { prefixes: ['31'], networks: ['20404'] }, {}, true],
    ['prefix that fits and a network that does not', { prefixes: ['31'], networks: ['20408'] }, {}, false],
    ['network that fits and a prefix that does not', { prefixes: ['44'], networks: ['20404'] }, {}, false],
    ['tenant', { tenants: ['other', 'acme'] }, {}, true],
    ['other tenant', { tenants: ['other'] }, {}, false],
    ['sender', { senders: ['ACME'] }, {}, true],
    ['beginning of the sender', { senders: ['ac*'] }, {}, true],
    ['other sender', { senders: ['Bcme'] }, {}, false],
    ['class', { classes: ['otp', 'normal'] }, {}, true],
    ['other class', { classes: ['otp'] }, {}, false],
    ['text', { text: 'code [0-9]{4}' }, { text: 'Your code 1234.' }, true],
    ['text in other letters', { text: 'CODE' }, { text: 'Your code 1234.' }, false],
    ['text in letters of either case', { text: '(?i)CODE' }, { text: 'Your code 1234.' }, true],
    ['any text, of a message that has none', { text: '.*' }, { text: undefined as never }, false],
    ['time', { times: [{ from: '12:30', until: '13:30', zone: 'Europe/Amsterdam' }] }, {}, true],
    ['other time', { times: [{ from: '12:30', until: '13:30', zone: 'UTC' }] }, {}, false],
    [
      'one of several times',
      {
        times: [
          { from: '01:00', until: '02:00', zone: 'UTC' },
          { days: ['fri'], from: '11:00', until: '13:00', zone: 'UTC' },
        ],
      },
      {},
      true,
    ],
    [
      'all of them',
      { prefixes: ['31'], networks: ['204'], tenants: ['acme'], senders: ['acme'], classes: ['normal'], text: 'H' },
      {},
      true,
    ],
    [
      'all of them but one',
      { prefixes: ['31'], networks: ['204'], tenants: ['acme'], senders: ['acme'], classes: ['bulk'], text: 'H' },
      {},
      false,
    ],
  ])('%s', (_, when, changes, fits) => {
    const { text, ...query } = aQuery(changes);
    const asked = text === undefined ? query : { ...query, text };
    const decision = compileRoutes([aRule('r', { when })], 1).decide(asked, someFacts({ network }));
    expect(decision).toEqual(fits ? { ok: true, rule: 'r', connector: 'r' } : { ok: false, reason: 'unroutable' });
  });

  test('the network of a number is asked for only where a rule has networks, and may not be known', () => {
    const unasked = { ...someFacts(), network: () => expect(1).toBe('not asked') as never };
    expect(compileRoutes([aRule('r')], 1).decide(aQuery(), unasked)).toMatchObject({ rule: 'r' });
    const rules = [aRule('dutch', { when: { networks: ['204'] } }), aRule('rest')];
    expect(compileRoutes(rules, 1).decide(aQuery(), someFacts())).toMatchObject({ rule: 'rest' });
  });
});

describe('of two rules that fit, first is looked at', () => {
  test.each<[string, Partial<RouteRuleGiven>, Partial<RouteRuleGiven>]>([
    ['that of the lower rank', { rank: 5 }, { rank: 6, when: { prefixes: ['31612'], tenants: ['acme'] } }],
    ['that of the longer prefix', { when: { prefixes: ['316'] } }, { when: { prefixes: ['31'], tenants: ['acme'] } }],
    ['that of the longer prefix that fits', { when: { prefixes: ['316', '4'] } }, { when: { prefixes: ['31', '44791234567'] } }],
    ['that of a network before a prefix', { when: { networks: ['20404'] } }, { when: { prefixes: ['31612345678'] } }],
    ['that of a country before a prefix', { when: { networks: ['204'] } }, { when: { prefixes: ['31612345678'] } }],
    ['that of a network before its country', { when: { networks: ['20404'] } }, { when: { networks: ['204'], prefixes: ['316'] } }],
    ['that of a prefix before any', { when: { prefixes: ['3'] } }, { when: {} }],
    ['that of tenants', { when: { tenants: ['acme'] } }, { when: { senders: ['acme'], classes: ['normal'], text: 'Hello' } }],
  ])('%s', (_, first, second) => {
    const facts = someFacts({ network: { mcc: '204', mnc: '04' } });
    for (const [one, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const rules = [aRule(one, first), aRule(other, second)];
      expect(compileRoutes(rules, 1).decide(aQuery(), facts)).toMatchObject({ rule: one });
      expect(compileRoutes(rules.reverse(), 1).decide(aQuery(), facts)).toMatchObject({ rule: one });
    }
  });

  test('of equals that of the lower id', () => {
    const rules = ['c', 'a', 'b'].map((id) => aRule(id));
    expect(compileRoutes(rules, 1).decide(aQuery(), someFacts())).toMatchObject({ rule: 'a' });
  });
});

describe('a rule', () => {
  const rules = [aRule('first', { rank: 1, targets: [{ connectorId: 'north' }, { connectorId: 'south' }] }), aRule('second', { rank: 2 })];
  const table = compileRoutes(rules, 7);

  test('all of whose targets are out is passed over', () => {
    const senders = { has: () => false };
    const out = someFacts({ connectors: { north: { enabled: false }, south: undefined } });
    expect(table.decide(aQuery(), out)).toMatchObject({ rule: 'second' });
    expect(table.decide(aQuery(), someFacts({ connectors: { north: { senders }, south: { senders } } }))).toMatchObject({ rule: 'second' });
  });

  test('whose targets are all paused or not well keeps the message: it waits there', () => {
    const waiting = someFacts({ connectors: { north: { available: false }, south: { mode: 'paused' } } });
    expect(table.decide(aQuery(), waiting)).toMatchObject({ ok: true, rule: 'first', connector: 'north' });
  });

  test('that rejects blocks, and no other is asked', () => {
    const blocking = compileRoutes([...rules, aRule('block', { reject: true, rank: 0, when: { senders: ['Ac*'] } })], 1);
    expect(blocking.decide(aQuery(), someFacts())).toEqual({ ok: false, reason: 'blocked', rule: 'block' });
    expect(blocking.decide(aQuery({ from: { addr: 'Bank', ton: 5, npi: 0 } }), someFacts())).toMatchObject({ rule: 'first' });
  });

  test('is known by its id, with the version of its table', () => {
    expect([table.version, table.size, table.rule('second')?.rank, table.rule('third')]).toEqual([7, 2, 2, undefined]);
  });

  test('nothing routes nothing', () => {
    expect(compileRoutes([], 0).decide(aQuery(), someFacts())).toEqual({ ok: false, reason: 'unroutable' });
  });
});

describe('a message that comes back', () => {
  const targets = [{ connectorId: 'north' }, { connectorId: 'south', tier: 1 }, { connectorId: 'west', tier: 2 }];
  const cascade = { on: ['refused' as const], attemptsMax: 8, costMax: 'none' };
  const rules = [aRule('mine', { rank: 5, targets, cascade }), aRule('later', { rank: 6 })];
  const again = { rule: 'mine', tried: ['north'], spentMicroCredits: 0n };

  test('goes to the next target of its rule', () => {
    const table = compileRoutes(rules, 1);
    expect(table.decide(aQuery(), someFacts())).toMatchObject({ connector: 'north' });
    expect(table.decide(aQuery({ again }), someFacts())).toMatchObject({ rule: 'mine', connector: 'south' });
  });

  test('is exhausted when all had it: other rules are not asked', () => {
    const tried = ['north', 'south', 'west'];
    expect(compileRoutes(rules, 1).decide(aQuery({ again: { ...again, tried } }), someFacts())).toEqual({
      ok: false,
      reason: 'exhausted',
      rule: 'mine',
    });
  });

  test('stays with its rule, though another comes first now', () => {
    const table = compileRoutes([...rules, aRule('newer', { rank: 1 })], 2);
    expect(table.decide(aQuery(), someFacts())).toMatchObject({ rule: 'newer' });
    expect(table.decide(aQuery({ again }), someFacts())).toMatchObject({ rule: 'mine', connector: 'south' });
  });

  test.each<[string, RouteRuleGiven['when'] | undefined]>([
    ['is gone', undefined],
    ['does not fit any more', { prefixes: ['44'] }],
  ])('goes by the first that fits when its rule %s', (_, when) => {
    const others = [aRule('newer', { targets }), ...(when ? [aRule('mine', { targets, when })] : [])];
    expect(compileRoutes(others, 2).decide(aQuery({ again }), someFacts())).toMatchObject({ rule: 'newer', connector: 'south' });
  });

  test.each<[string, bigint, bigint | undefined, Record<string, bigint>, string | undefined]>([
    ['what is left pays for', 40n, 100n, { south: 30n, west: 1n }, 'south'],
    ['what is left does not pay for: the next', 41n, 100n, { south: 30n, west: 1n }, 'west'],
    ['nothing left for any', 99n, 100n, { south: 30n, west: 1n }, undefined],
    ['an unknown price, which counts as nothing', 100n, 100n, { west: 1n }, 'south'],
    ['no cap', 1_000n, undefined, { south: 30n, west: 1n }, 'south'],
  ])('of two segments: %s', (_, spentMicroCredits, costMaxMicroCredits, prices, connector) => {
    const asked = { ...again, spentMicroCredits, ...(costMaxMicroCredits === undefined ? {} : { costMaxMicroCredits }) };
    const decision = compileRoutes(rules, 1).decide(aQuery({ segments: 2, again: asked }), someFacts({ prices }));
    expect(decision).toMatchObject(connector ? { ok: true, connector } : { ok: false, reason: 'exhausted' });
  });
});

describe('the sender', () => {
  const decided = (given: Partial<RouteRuleGiven>, from = aQuery().from, facts = someFacts()) =>
    compileRoutes([aRule('r', given)], 1).decide(aQuery({ from }), facts);
  const name = (addr: string) => ({ addr, ton: 5, npi: 0 });

  test.each<[string, Partial<RouteRuleGiven>, object | undefined]>([
    ['stays', {}, undefined],
    ["is the rule's", { sender: 'Rule' }, name('Rule')],
    ["is the rule's for this one", { sender: 'Rule', senders: { ACME: '+31612345678' } }, { addr: '31612345678', ton: 1, npi: 1 }],
    [
      "is the target's",
      { sender: 'Rule', senders: { acme: 'Rule1' }, targets: [{ connectorId: 'c', sender: '12345' }] },
      { addr: '12345', ton: 3, npi: 0 },
    ],
    ["is the target's for this one", { targets: [{ connectorId: 'c', sender: 'Target', senders: { acme: 'Target1' } }] }, name('Target1')],
    ['stays when it is the same', { sender: 'Acme' }, undefined],
    ['of another is rewritten', { senders: { bcme: 'Other' } }, undefined],
  ])('%s', (_, given, sender) => {
    const decision = decided(given);
    expect(decision.ok && decision.sender).toEqual(sender);
  });

  test('that goes out, not the one that came, is the one a connector allows', () => {
    const facts = someFacts({ connectors: { c: { senders: { has: (addr) => addr === 'Target' } } } });
    expect(decided({ targets: [{ connectorId: 'c', sender: 'Target' }] }, undefined, facts)).toMatchObject({ ok: true });
    expect(decided({ targets: [{ connectorId: 'c' }] }, undefined, facts)).toMatchObject({ ok: false });
  });
});

test('the cascade of the rule goes with the choice', () => {
  const targets = [{ connectorId: 'north' }, { connectorId: 'south', tier: 1 }];
  const table = compileRoutes([aRule('r', { targets, cascade: { on: ['refused'] } })], 1);
  expect(table.decide(aQuery({ chargeMicroCredits: 5n }), someFacts())).toEqual({
    ok: true,
    rule: 'r',
    connector: 'north',
    cascade: { refused: true, attemptsMax: 2, costMaxMicroCredits: '5' },
  });
});

test('rules of more tenants or senders than are indexed are found all the same', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => `t${i}`);
  const rules = [
    aRule('many', { when: { tenants: [...many.slice(1), 'acme'], senders: ['Acme', 'b'], prefixes: ['31', '316'] } }),
    aRule('rest'),
  ];
  const table = compileRoutes(rules, 1);
  expect(table.decide(aQuery(), someFacts())).toMatchObject({ rule: 'many' });
  expect(table.decide(aQuery({ tenant: 'other' }), someFacts())).toMatchObject({ rule: 'rest' });
});
