import { expect, test } from '@jest/globals';
import { startLoad, type Submitter } from './load.ts';

/** Accepts at once, or when it is let. */
function submitterOf(tenant: string, { isShut = false } = {}) {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const submitter: Submitter = {
    tenant,
    atOnceMax: 3,
    cutsTexts: true,
    async submit(to, text) {
      asked.push(`${to} ${text}`);
      if (isShut) await new Promise<void>((resolve) => waiting.push(resolve));
      return `${tenant} ${asked.length}`;
    },
  };
  return { submitter, asked, open: () => void ((isShut = false), waiting.splice(0).forEach((resolve) => resolve())) };
}

test('no two messages are the same, and every submitter has its turn', async () => {
  const [one, other] = [submitterOf('one'), submitterOf('other')];
  const load = startLoad({ submitters: [one.submitter, other.submitter], perSecond: 5_000 });
  await load.finish(100);
  const asked = [...one.asked, ...other.asked];
  expect(new Set(asked.map((line) => line.split(' ')[0])).size).toBe(100);
  expect(Math.min(one.asked.length, other.asked.length)).toBeGreaterThan(30);
  expect(load.acceptedCount()).toBe(100);
});

test('one that has no answer keeps nobody else waiting, and holds no more than it may', async () => {
  const [shut, other] = [submitterOf('shut', { isShut: true }), submitterOf('other')];
  const load = startLoad({ submitters: [shut.submitter, other.submitter], perSecond: 5_000 });
  await load.reached(50);
  expect(shut.asked).toHaveLength(3);
  shut.open();
  await load.finish(60);
  expect(load.accepted().find(({ tenant }) => tenant === 'shut')?.ids.length).toBeGreaterThanOrEqual(3);
});

test('it accepts again only with what was asked after that question', async () => {
  const shut = submitterOf('shut', { isShut: true });
  let nowMs = 1_000;
  const load = startLoad({ submitters: [shut.submitter], perSecond: 5_000, now: () => (nowMs += 5) });
  while (shut.asked.length < 3) await new Promise((resolve) => setImmediate(resolve));
  const before = nowMs;
  const again = load.acceptsAgain();
  shut.open();
  expect(await again).toBeGreaterThan(before);
  expect(shut.asked.length).toBeGreaterThan(3);
  await load.finish(10);
});

test('a submitter that breaks is told to whoever waits', async () => {
  const broken: Submitter = { tenant: 'broken', atOnceMax: 1, cutsTexts: false, submit: () => Promise.reject(new Error('402 no credit')) };
  const load = startLoad({ submitters: [broken], perSecond: 5_000 });
  await expect(load.finish(5)).rejects.toThrow('402 no credit');
});
