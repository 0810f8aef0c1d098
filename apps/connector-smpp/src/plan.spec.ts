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
  senders: [],
  mode: 'running',
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

  test.each<[string, object, RegExp]>([
    ['an authority that is no certificate', { tls: true, tlsCaPem: 'nonsense' }, /certificates cannot be used/],
    ['an authority without TLS', { tlsCaPem: 'x' }, /tlsCaPem: means nothing without tls/],
    ['a certificate without its key', { tls: true, tlsCertificatePem: 'x' }, /tlsKeySealed/],
    ['a key of another master key', { tls: true, tlsCertificatePem: 'x', tlsKeySealed: 'else' }, /tlsKeySealed cannot be opened/],
    ['an address for a name', { tls: true, tlsServerName: '127.0.0.1' }, /must be a name/],
    ['packed septets where data_coding 0 is Latin-1', { gsmPacking: 'packed', defaultAlphabet: 'latin1' }, /latin1/],
    ['a TLV that is the message itself', { addTlvs: [{ tag: 0x0424, value: '00' }] }, /belongs to the message/],
    ['a TLV that is no hex', { addTlvs: [{ tag: 0x1400, value: '1' }] }, /hex/],
    ['ESME_ROK for a refusal', { answers: { '0x00000000': 'later' } }, /ESME_ROK/],
    ['a status in other words', { answers: { '11': 'later' } }, /command_status/],
  ])('%s: refused, saying why', (_, special, reason) => {
    const settings = { host: 'a', port: 1, ...special };
    expect(wantedConnectors([{ ...demo, settings }], [], (sealed) => (sealed === 'sealed' ? 'secret' : undefined))).toMatchObject({
      connectors: [],
      refused: [{ id: 'demo', reason: expect.stringMatching(reason) }],
    });
  });

  test('a private key is opened under a context of its own', () => {
    const opened: string[] = [];
    const settings = { host: 'a', port: 1, tls: true, tlsCertificatePem: 'x', tlsKeySealed: 'sealed' };
    const { refused } = wantedConnectors([{ ...demo, settings }], [], (_, context) => (opened.push(context), 'secret'));
    expect(opened).toEqual(['connector:demo', 'connector-tls-key:demo']);
    expect(JSON.stringify(refused)).not.toContain('secret');
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

  test('another mode is no change: it must not cut a link', () => {
    expect(planConnectors(running, wantedConnectors([{ ...demo, mode: 'paused' }], [], open))).toEqual({ stop: [], start: [] });
  });
});
