import { expect, test } from '@jest/globals';
import type { Hop, LoggedMessage } from '@heliograph/message';
import { message, trace } from './schema.ts';
import { showMessage, showTrace } from './show.ts';

test('a trace shows times as texts, in details too, and leaves other details as they are', () => {
  const atMs = Date.UTC(2026, 10, 20, 12);
  const hops: Hop[] = [
    { stage: 'route', event: 'message.scheduled', atMs, by: 'router', detail: { sendAtMs: atMs + 60_000 } },
    { stage: 'deliver', event: 'message.sent', atMs, by: 'carrier', detail: { connector: 'carrier', providerIds: ['1', '2'], attempt: 1 } },
  ];
  const shown = showTrace({ id: '019c0a70000070008000000000000001', state: 'sent' } as LoggedMessage, hops);
  expect(trace.parse(shown)).toEqual(shown);
  expect(shown.hops.map(({ at, detail }) => ({ at, detail }))).toEqual([
    { at: '2026-11-20T12:00:00.000Z', detail: { sendAt: '2026-11-20T12:01:00.000Z' } },
    { at: '2026-11-20T12:00:00.000Z', detail: { connector: 'carrier', providerIds: ['1', '2'], attempt: 1 } },
  ]);
});

const logged: LoggedMessage = {
  id: '019c0a70000070008000000000000001',
  tenant: 'acme',
  credential: 'acme-api',
  door: 'http',
  from: { addr: 'Acme', ton: 5, npi: 0 },
  to: '+31612345678',
  class: 'normal',
  segments: 2,
  microCredits: '2000000',
  acceptedAtMs: 0,
  validUntilMs: 1,
  state: 'routed',
  stateAtMs: 1,
  providerIds: [],
  connector: 'carrier',
  buyMicroCredits: '2500000',
};

test('what a message costs the platform is shown to operators alone, and only when it is known', () => {
  const { buyMicroCredits: _, ...unknown } = logged;
  expect(message.parse(showMessage(logged, true))).toMatchObject({ credits: '2.000000', cost: '2.500000', margin: '-0.500000' });
  for (const shown of [showMessage(logged), showMessage(unknown as LoggedMessage, true)]) {
    expect(message.parse(shown)).not.toHaveProperty('cost');
    expect(JSON.stringify(shown)).not.toMatch(/cost|margin|buy/i);
  }
});
