import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { currentTraceparent, isSampled, newTraceparent, recordSpan, withSpan } from './span.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';

const form = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;

describe('traceparent', () => {
  test('a new one is well formed, unique and carries its flag', () => {
    const some = Array.from({ length: 2000 }, (_, i) => newTraceparent(i % 2 === 0));
    expect(new Set(some.map((one) => one.slice(3, 35))).size).toBe(2000);
    for (const [i, one] of some.entries()) {
      expect(one).toMatch(form);
      expect(isSampled(one)).toBe(i % 2 === 0);
    }
  });

  test('with nothing exported none is sampled', () => {
    expect(isSampled(newTraceparent())).toBe(false);
  });

  test.each([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03', true],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02', false],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0', false],
    ['', false],
  ])('the sampled flag of %j is %s', (traceparent, sampled) => {
    expect(isSampled(traceparent)).toBe(sampled);
  });
});

describe('with nothing exported', () => {
  let telemetry: Telemetry;
  beforeEach(async () => (telemetry = await startTelemetry({ name: 'test', version: '0.0.0', instance: 'test-1', traceSampleRatio: 1 })));
  afterEach(() => telemetry.stop());

  test('the traceparent goes through unchanged and is current across awaits', async () => {
    const traceparent = newTraceparent(true);
    expect(recordSpan('route', { traceparent, startMs: 0, endMs: 1 })).toBe(traceparent);
    await withSpan('route', traceparent, {}, async (inside) => {
      await new Promise(setImmediate);
      expect(inside).toBe(traceparent);
      expect(currentTraceparent()).toBe(traceparent);
    });
    expect(currentTraceparent()).toBeUndefined();
  });

  test('without a parent there is still a traceparent to pass on, unsampled', () => {
    const inside = withSpan('submit', undefined, {}, (traceparent) => traceparent);
    expect(inside).toMatch(form);
    expect(isSampled(inside)).toBe(false);
  });

  test('a result, a throw and a rejection are passed on', async () => {
    expect(withSpan('x', 'malformed', {}, () => 5)).toBe(5);
    expect(() =>
      withSpan('x', undefined, {}, () => {
        throw new Error('bug');
      }),
    ).toThrow('bug');
    await expect(withSpan('x', undefined, {}, () => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
  });
});
