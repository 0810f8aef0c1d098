import { expect, it } from '@jest/globals';
import { startPurging } from './purge.ts';

it('removes batches until there is nothing left, again and again, also after a time that failed; stopping waits for the batch under way', async () => {
  const last = Promise.withResolvers<void>();
  const batch = Promise.withResolvers<number>();
  const asked: number[] = [];
  const warnings: object[] = [];
  const answers = [Promise.reject(new Error('away')), Promise.resolve(5_000), Promise.resolve(3), Promise.resolve(0), batch.promise];
  const purging = startPurging({
    history: {
      purge: (beforeMs) => {
        asked.push(beforeMs);
        if (asked.length === answers.length) last.resolve();
        return answers[asked.length - 1] as Promise<number>;
      },
    },
    keepMs: 100,
    everyMs: 1,
    log: { warn: (fields: object) => void warnings.push(fields) },
    now: () => 1_100,
  });
  await last.promise;
  const order: string[] = [];
  const stopped = purging.stop().then(() => order.push('stopped'));
  order.push('removed');
  batch.resolve(5_000);
  await stopped;
  expect([asked, warnings.length, order]).toEqual([[1_000, 1_000, 1_000, 1_000, 1_000], 1, ['removed', 'stopped']]);
});
