import { expect, test } from '@jest/globals';
import { routeFactsOf } from './route-facts.ts';
import type { Connector } from './snapshot.ts';

const connector: Connector = {
  id: 'north',
  kind: 'smpp',
  groupId: 'north',
  enabled: true,
  settings: {},
  secret: '',
  senders: [],
  mode: 'running',
};
const snapshot = {
  connectors: new Map([
    ['north', connector],
    ['south', { ...connector, id: 'south', enabled: false, mode: 'paused' as const, senders: ['Ac*'] }],
  ]),
  buyPrice: () => 7n,
  network: () => ({ mcc: '204', mnc: '04' }),
};

test('what an operator wants of a connector is of the snapshot, how it does is of who knows', () => {
  const facts = routeFactsOf(snapshot, { available: (id) => id === 'south', quality: () => 0.5 });
  expect(facts.connector('north')).toEqual({ enabled: true, mode: 'running', available: false });
  expect(facts.connector('south')).toMatchObject({ enabled: false, mode: 'paused', available: true });
  expect(['acme', 'bcme'].map((addr) => facts.connector('south')?.senders?.has(addr))).toEqual([true, false]);
  expect(facts.connector('west')).toBeUndefined();
  expect([facts.quality('north'), facts.buyPrice('north', '31', 0), facts.network('31')]).toEqual([0.5, 7n, { mcc: '204', mnc: '04' }]);
});

test('where nobody knows, each is well and none is bad', () => {
  const facts = routeFactsOf(snapshot);
  expect([facts.connector('north')?.available, facts.quality('north')]).toEqual([true, undefined]);
});
