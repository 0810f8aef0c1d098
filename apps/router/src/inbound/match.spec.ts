import { describe, expect, test } from '@jest/globals';
import { createInboundTable, credentialDefaults, type Credential, type InboundRoute } from '@heliograph/registry';
import type { InboundMessage } from '@heliograph/message';
import { match, matchedEvents, type MatchFacts } from './match.ts';

const now = 1_000;

function credential(id: string, special: Partial<Credential> = {}): Credential {
  return {
    ...credentialDefaults,
    id,
    tenantId: 'acme',
    kind: 'smpp',
    login: id,
    verifier: '',
    secretSetAt: new Date(0),
    ...special,
  };
}

const route = (id: string, special: Partial<InboundRoute>): InboundRoute => ({
  id,
  address: '31699887766',
  match: 'exact',
  keyword: '',
  tenantId: 'acme',
  credentialId: null,
  ...special,
});

function facts({ routes = [], credentials = [] }: { routes?: InboundRoute[]; credentials?: Credential[] }): MatchFacts {
  const tenant = (id: string, enabled: boolean) => [id, { id, enabled }] as never;
  return {
    inbound: createInboundTable(routes),
    credentials: new Map(credentials.map((one) => [one.id, one])),
    credentialsOfRange: (address) =>
      credentials.filter(({ addressRange }) => addressRange.replace('+', '') === address).map(({ id }) => id),
    tenants: new Map([tenant('acme', true), tenant('other', true), tenant('gone', false)]),
  };
}

const inbound = (special: Partial<InboundMessage> & { text?: string } = {}): InboundMessage => {
  const { text = 'hello', ...rest } = special;
  return {
    id: '1'.repeat(32),
    connector: 'demo',
    from: '+31612345678',
    to: '+31699887766',
    content: { kind: 'text', text },
    receivedAtMs: 500,
    parts: 1,
    ...rest,
  };
};

describe('whose a message is', () => {
  const everything = [
    route('number', {}),
    route('number-win', { keyword: 'win' }),
    route('short', { match: 'prefix', address: '31', tenantId: 'other' }),
    route('long', { match: 'prefix', address: '3169', tenantId: 'other' }),
    route('long-win', { match: 'prefix', address: '316', keyword: 'win', tenantId: 'other' }),
    route('code', { address: '4040' }),
    route('name', { address: 'lotto' }),
  ];
  test.each<[string, Partial<InboundMessage> & { text?: string }, string, string | undefined]>([
    ['the number', {}, 'number', undefined],
    ['the number with its keyword', { text: '  Win! now' }, 'number-win', 'win'],
    ['a keyword alone, whatever its case', { text: '"WIN"' }, 'number-win', 'win'],
    ['another word that begins so', { text: 'winner' }, 'number', undefined],
    ['a keyword that is not the first', { text: 'I win' }, 'number', undefined],
    ['the longest prefix', { to: '+31690000000' }, 'long', undefined],
    ['a prefix with its keyword before a longer one', { to: '+31690000000', text: 'win' }, 'long-win', 'win'],
    ['a short prefix', { to: '+31200000000', text: 'win' }, 'short', undefined],
    ['a short code', { to: '4040' }, 'code', undefined],
    ['a short code has no other that begins so', { to: '40404' }, '', undefined],
    ['a name, whatever its case', { to: 'LOTTO' }, 'name', undefined],
    ['nobody', { to: '+49151000000' }, '', undefined],
    [
      'a binary message has no keyword',
      { content: { kind: 'binary', octets: Buffer.from('win').toString('base64') } },
      'number',
      undefined,
    ],
    ['a text whose beginning is missing has none', { text: '…win', missing: [1], parts: 2 }, 'number', undefined],
    ['one whose end is missing has', { text: 'win…', missing: [2], parts: 2 }, 'number-win', 'win'],
  ])('%s', (_, message, id, keyword) => {
    const found = match(inbound(message), facts({ routes: everything }), now);
    expect(found.kind === 'matched' ? found.route : '').toBe(id);
    expect(found.kind === 'matched' ? found.keyword : undefined).toBe(keyword);
  });

  test('a late part is whose the message is that was handed on without it', () => {
    const known = facts({ routes: everything });
    const before = inbound({ text: 'win…', missing: [2], parts: 2 });
    expect(match(inbound({ text: 'a car', late: 2, parts: 2 }), known, now, before)).toMatchObject({ route: 'number-win' });
    expect(match(inbound({ text: 'win a', late: 1, parts: 2 }), known, now, inbound({ missing: [1] }))).toMatchObject({
      route: 'number-win',
    });
  });
});

test.each<[string, Partial<Credential>, boolean]>([
  ['exactly its number', { addressRange: '+31699887766' }, true],
  ['without the plus sign', { addressRange: '31699887766' }, true],
  ['no part of it', { addressRange: '+3169988776' }, false],
  ['nothing', { addressRange: '' }, false],
  ['of a disabled credential', { addressRange: '31699887766', enabled: false }, false],
  ['of an expired one', { addressRange: '31699887766', expiresAt: new Date(now) }, false],
  ['of a disabled tenant', { addressRange: '31699887766', tenantId: 'gone' }, false],
  ["an operator's", { addressRange: '31699887766', tenantId: '' }, false],
])('an address range is matched exactly: %s', (_, special, matches) => {
  const found = match(inbound(), facts({ credentials: [credential('c', special)] }), now);
  expect(found).toEqual(matches ? { kind: 'matched', tenant: 'acme', credential: 'c', route: 'c' } : { kind: 'unmatched' });
});

test("of two credentials with one range the first that can be used, as the contract's example has it", () => {
  const credentials = [
    credential('a', { addressRange: '+31699887766', enabled: false }),
    credential('test1', { addressRange: '+31699887766' }),
    credential('test2', { addressRange: '+31688776655', tenantId: 'other' }),
  ];
  expect(match(inbound(), facts({ credentials }), now)).toMatchObject({ route: 'test1', tenant: 'acme' });
  expect(match(inbound({ to: '+31688776655' }), facts({ credentials }), now)).toMatchObject({ route: 'test2', tenant: 'other' });
  expect(match(inbound({ to: '+31600000000' }), facts({ credentials }), now)).toEqual({ kind: 'unmatched' });
});

test('a route comes before an address range', () => {
  const known = facts({ routes: [route('r', { tenantId: 'other' })], credentials: [credential('c', { addressRange: '31699887766' })] });
  expect(match(inbound(), known, now)).toEqual({ kind: 'matched', tenant: 'other', route: 'r' });
});

describe('what is given', () => {
  test.each<[string, Partial<Credential> | undefined, string[]]>([
    ['a route without a credential', undefined, ['inbound.matched']],
    ['a credential of SMPP', {}, ['inbound.matched', 'inbound.due']],
    ['an API key', { kind: 'api_key' }, ['inbound.matched']],
    ["another tenant's credential", { tenantId: 'other' }, ['inbound.matched']],
  ])('%s', (_, special, types) => {
    const routes = [route('r', { credentialId: special === undefined ? null : 'c' })];
    const found = match(inbound(), facts({ routes, credentials: special === undefined ? [] : [credential('c', special)] }), now);
    expect(matchedEvents(inbound(), found, now).map(({ type }) => type)).toEqual(types);
  });

  test('of nobody: that it is', () => {
    expect(matchedEvents(inbound(), { kind: 'unmatched' }, now)).toEqual([{ type: 'inbound.unmatched', at: now, inbound: inbound() }]);
  });
});
