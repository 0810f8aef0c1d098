import { expect, it } from '@jest/globals';
import { startTrimming } from './trim.ts';

it('trims again and again, one at a time, also after a time that failed; stopping waits for the one under way', async () => {
  const third = Promise.withResolvers<void>();
  const done = Promise.withResolvers<Record<string, number>>();
  const windows: number[] = [];
  const warnings: object[] = [];
  const trim = (replayWindowMs: number): Promise<Record<string, number>> => {
    windows.push(replayWindowMs);
    if (windows.length === 1) return Promise.reject(new Error('away'));
    if (windows.length === 2) return Promise.resolve({ SUBMITTED: 3 });
    third.resolve();
    return done.promise;
  };
  const trimming = startTrimming({
    queue: { trim },
    replayWindowMs: 5,
    everyMs: 1,
    log: { warn: (fields: object) => void warnings.push(fields) },
  });
  await third.promise;
  const order: string[] = [];
  const stopped = trimming.stop().then(() => order.push('stopped'));
  order.push('trimmed');
  done.resolve({});
  await stopped;
  expect([windows, warnings.length, order]).toEqual([[5, 5, 5], 1, ['trimmed', 'stopped']]);
});
