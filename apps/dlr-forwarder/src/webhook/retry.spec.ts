import { describe, expect, test } from '@jest/globals';
import { HOUR, MINUTE } from '../duration.ts';
import { afterTry, retryAfterMs, webhookDelaysMs, type Answer, type NextStep } from './retry.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const answered = (status: number, retryAfter?: string): Answer => ({ kind: 'answered', status, retryAfter, bodySha256: '' });

describe('after a try of a webhook', () => {
  const cases: [name: string, attempt: number, answer: Answer, step: NextStep][] = [
    ['200 is success', 1, answered(200), { kind: 'delivered' }],
    ['204 at the last try is success', 10, answered(204), { kind: 'delivered' }],
    ['500 at the first try: again after 5 s', 1, answered(500), { kind: 'retry', atMs: nowMs + 5_000 }],
    ['no answer at the second: again after 5 min', 2, { kind: 'failed', reason: 'timeout' }, { kind: 'retry', atMs: nowMs + 5 * MINUTE }],
    ['a redirect is a failure', 1, answered(302), { kind: 'retry', atMs: nowMs + 5_000 }],
    ['404 may be mended', 9, answered(404), { kind: 'retry', atMs: nowMs + 24 * HOUR }],
    ['410 means never again', 1, answered(410), { kind: 'gone' }],
    ['429 may be better later', 1, answered(429), { kind: 'retry', atMs: nowMs + 5_000 }],
    ['502 may be mended', 1, answered(502), { kind: 'retry', atMs: nowMs + 5_000 }],
    ['504 may be mended', 1, answered(504), { kind: 'retry', atMs: nowMs + 5_000 }],
    ['retry-after in seconds is honoured', 1, answered(503, '120'), { kind: 'retry', atMs: nowMs + 120_000 }],
    ['retry-after as a date is honoured', 1, answered(429, 'Fri, 20 Nov 2026 10:01:00 GMT'), { kind: 'retry', atMs: nowMs + MINUTE }],
    ['a retry-after shorter than the schedule is not', 2, answered(503, '1'), { kind: 'retry', atMs: nowMs + 5 * MINUTE }],
    ['a retry-after of a year counts as a day', 1, answered(503, '31536000'), { kind: 'retry', atMs: nowMs + 24 * HOUR }],
    ['the tenth failure is the last', 10, answered(500), { kind: 'exhausted' }],
  ];
  test.each(cases)('%s', (_, attempt, answer, step) => {
    expect(afterTry({ attempt, answer, nowMs, random: 0 })).toEqual(step);
  });

  test('up to a fifth is added to the delay', () => {
    expect(afterTry({ attempt: 1, answer: answered(500), nowMs, random: 0.999 })).toMatchObject({ atMs: nowMs + 5_999 });
  });

  test('the schedule is that of Standard Webhooks', () => {
    expect(webhookDelaysMs.map((ms) => ms / 1000)).toEqual([0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]);
  });
});

describe('retry-after', () => {
  test.each([
    ['3', 3_000],
    [' 3 ', 3_000],
    ['0', 0],
    ['Fri, 20 Nov 2026 10:00:05 GMT', 5_000],
    ['Fri, 20 Nov 2020 10:00:05 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(retryAfterMs(text, nowMs)).toBe(ms);
  });
});
