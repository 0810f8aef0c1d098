import { describe, expect, test } from '@jest/globals';
import { probeDelayMs, signOf, spacingAfter, type Sign } from './circuit.ts';
import { HOUR, MINUTE } from '../duration.ts';
import type { Answer } from './retry.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const answered = (status: number, retryAfter?: string): Answer => ({ kind: 'answered', status, retryAfter, bodySha256: '' });
const sign = (health: Sign['health'], slowDown = false, pausedUntilMs?: number): Sign => ({ health, slowDown, pausedUntilMs });

describe('what a try says of its endpoint', () => {
  const cases: [name: string, answer: Answer, said: Sign][] = [
    ['200: it is well', answered(200), sign('well')],
    ['a redirect: it is alive, though it takes nothing', answered(302), sign('alive')],
    ['400: it is alive; that report it will not have', answered(400), sign('alive')],
    ['500: it fails', answered(500), sign('failing')],
    ['no answer: it fails', { kind: 'failed', reason: 'timeout' }, sign('failing')],
    ['429: it is alive and asks to slow down', answered(429), sign('alive', true)],
    ['502: it fails and asks to slow down', answered(502), sign('failing', true)],
    ['504: it fails and asks to slow down', answered(504), sign('failing', true)],
    ['429 with retry-after: it asks for a pause', answered(429, '60'), sign('alive', true, nowMs + MINUTE)],
    ['503 with retry-after: it asks for a pause', answered(503, '60'), sign('failing', false, nowMs + MINUTE)],
    ['503 with a retry-after of a day: the endpoint pauses for an hour', answered(503, '86400'), sign('failing', false, nowMs + HOUR)],
    ['500 with retry-after: that is about the one report', answered(500, '60'), sign('failing')],
  ];
  test.each(cases)('%s', (_, answer, said) => expect(signOf(answer, nowMs)).toEqual(said));
});

test('probes come at growing intervals, up to five minutes for ever', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((probes) => probeDelayMs(probes) / 1000)).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test('posts are spaced out while the endpoint asks for it, and less with each success', () => {
  let spacingMs = 0;
  const after = (said: Sign) => (spacingMs = spacingAfter(spacingMs, said));
  const slower = sign('alive', true);
  expect([slower, slower, slower, sign('alive'), sign('failing')].map(after)).toEqual([250, 500, 1_000, 1_000, 1_000]);
  expect([sign('well'), sign('well'), sign('well'), sign('well')].map(after)).toEqual([500, 250, 0, 0]);
  for (let i = 0; i < 20; i++) after(slower);
  expect(spacingMs).toBe(20_000);
});
