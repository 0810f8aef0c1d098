import { describe, expect, test } from '@jest/globals';
import type { Connector } from '@heliograph/registry';
import { planConnectors, wantedConnectors, type Wanted, type WantedConnector } from './plan.ts';

const demo: Connector = {
  id: 'demo',
  kind: 'smpp',
  groupId: 'group',
  enabled: true,
  settings: { host: '127.0.0.1', port: 2775 },
  secret: 'sealed',
};
const open = (sealed: string, context: string) => (sealed === 'sealed' && context === 'connector:demo' ? 'secret' : undefined);

describe('the connectors to run', () => {
  test('have their settings filled in and their password opened', () => {
    const { connectors, refused } = wantedConnectors([demo], [], open);
    expect(connectors).toMatchObject([
      { id: 'demo', group: 'group', password: 'secret', settings: { host: '127.0.0.1', binds: 1, window: 100 } },
    ]);
    expect(refused).toEqual([]);
  });

  test.each<[string, Partial<Connector>, string[], number]>([
    ['disabled', { enabled: false }, [], 0],
    ['of another kind', { kind: 'http' }, [], 0],
    ['one that another process runs', {}, ['other'], 0],
    ['one that is ours', {}, ['other', 'demo'], 1],
    ['without a password', { secret: '' }, [], 1],
  ])('%s', (_, special, only, count) => {
    const { connectors, refused } = wantedConnectors([{ ...demo, ...special }], only, open);
    expect([connectors.length, refused.length]).toEqual([count, 0]);
  });

  test.each<[string, Partial<Connector>, RegExp]>([
    ['settings that are wrong', { settings: { host: '', port: 70_000 } }, /host: .*; port: /],
    ['settings with a word too many', { settings: { host: 'a', port: 1, windw: 3 } }, /windw/],
    ['a secret of another key', { secret: 'else' }, /MASTER_KEY/],
    ['a system id that the wire cannot carry', { settings: { host: 'a', port: 1, systemId: 'Я' } }, /Latin-1/],
  ])('%s: refused, saying why', (_, special, reason) => {
    expect(wantedConnectors([{ ...demo, ...special }], [], open)).toMatchObject({
      connectors: [],
      refused: [{ id: 'demo', reason: expect.stringMatching(reason) }],
    });
  });

  test('a password longer than the wire allows: refused without showing it', () => {
    const { refused } = wantedConnectors([demo], [], () => 'much-too-long');
    expect(refused[0]?.reason).toMatch(/password/);
    expect(JSON.stringify(refused)).not.toContain('much-too-long');
  });
});

describe('the plan', () => {
  const one = wantedConnectors([demo], [], open).connectors[0] as WantedConnector;
  const faster: WantedConnector = { ...one, settings: { ...one.settings, window: 500 } };
  const running = new Map([['demo', one]]);
  const of = (...connectors: WantedConnector[]): Wanted => ({ connectors, refused: [] });

  test.each<[string, Map<string, WantedConnector>, Wanted, { stop: string[]; start: WantedConnector[] }]>([
    ['new', new Map(), of(one), { stop: [], start: [one] }],
    ['unchanged', running, of({ ...one }), { stop: [], start: [] }],
    ['gone', running, of(), { stop: ['demo'], start: [] }],
    ['changed', running, of(faster), { stop: ['demo'], start: [faster] }],
    ['another password', running, of({ ...one, password: 'new' }), { stop: ['demo'], start: [{ ...one, password: 'new' }] }],
    [
      'changed to what cannot run: goes on as it was',
      running,
      { connectors: [], refused: [{ id: 'demo', reason: '' }] },
      { stop: [], start: [] },
    ],
  ])('%s', (_, before, wanted, plan) => {
    expect(planConnectors(before, wanted)).toEqual(plan);
  });
});
