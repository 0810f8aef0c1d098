import { expect, test } from '@jest/globals';
import type { Hop, LoggedMessage } from '@heliograph/message';
import { trace } from './schema.ts';
import { showTrace } from './show.ts';

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
