import { expect, test } from '@jest/globals';
import type { ConnectorMode } from '@heliograph/message';
import { createCircuit } from './circuit.ts';
import { createGate } from './gate.ts';
import { createTally } from './tally.ts';

test('nothing goes out while it is paused; what is out still counts', () => {
  let mode: ConnectorMode = 'running';
  const circuit = createCircuit({ now: 0 });
  const tally = createTally();
  const gate = createGate({ circuit, tally, mode: () => mode });
  circuit.linksChanged(1, 0);
  expect([gate.waitMs(0), gate.isShut(0)]).toEqual([0, false]);
  mode = 'paused';
  expect([gate.waitMs(0), gate.isShut(0)]).toEqual([Infinity, true]);
  for (let i = 0; i < 5; i++) gate.settled('unknown', 0, 1_000);
  expect([circuit.state, tally.sums(1_000).lastMinute.unknown]).toEqual(['open', 5]);
  mode = 'draining';
  expect([gate.waitMs(1_000), gate.isShut(1_000)]).toEqual([1_000, true]);
  gate.sent(2_000);
  gate.settled('accepted', 2_000, 2_100);
  expect([gate.waitMs(2_100), gate.isShut(2_100)]).toEqual([0, false]);
});
