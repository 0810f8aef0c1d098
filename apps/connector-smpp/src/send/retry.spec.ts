import { expect, test } from '@jest/globals';
import { smppConnectorSettings } from '@heliograph/registry';
import { retriesOf, retryAtMs, retryDelayMs } from './retry.ts';

const retriesIn = (retries: object) => retriesOf(smppConnectorSettings.parse({ host: 'h', port: 1, retries }).retries);
const firstTriedAtMs = 1_000_000;
const nextAt = (retries: object, answer: Parameters<typeof retryAtMs>[0], now: number): number | undefined =>
  retryAtMs(answer, { retries: retriesIn(retries), tries: 1, firstTriedAtMs }, now);

test('without a list a message is tried again after 1 s, doubling to 60 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map(retryDelayMs)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000));
  expect(nextAt({ unknown: [1] }, { kind: 'later', status: 8 }, firstTriedAtMs)).toBe(firstTriedAtMs + 1_000);
});

test('the times of a list are since the first try, and those that have passed are left out', () => {
  const later = { kind: 'later', status: 8 } as const;
  const at = (now: number) => nextAt({ later: [5, 10, 30] }, later, firstTriedAtMs + now);
  expect([0, 4_000, 4_996, 5_000, 12_000, 29_990, 30_000].map(at)).toEqual(
    [5_000, 5_000, 10_000, 10_000, 30_000, 30_000, undefined].map((ms) => ms && firstTriedAtMs + ms),
  );
});

test('a command_status has its own list before its kind, in whatever case it was written', () => {
  const answer = { kind: 'later', status: 0x4ab } as const;
  expect(nextAt({ later: [5], '0x000004ab': [7] }, answer, firstTriedAtMs)).toBe(firstTriedAtMs + 7_000);
  expect(nextAt({ later: [5] }, { kind: 'throttled', status: 0x4ab }, firstTriedAtMs)).toBe(firstTriedAtMs + 1_000);
});

test.each<[string, object, string]>([
  ['not ascending', { later: [5, 5] }, 'must be ascending'],
  ['empty', { later: [] }, '>=1'],
  ['beyond a week', { later: [604_801] }, '<=604800'],
  ['of too many times', { later: Array.from({ length: 31 }, (_, i) => i + 1) }, '<=30'],
  ['of a reason there is none of', { permanent: [5] }, 'command_status other than ESME_ROK'],
  ['of ESME_ROK', { '0x00000000': [5] }, 'command_status other than ESME_ROK'],
])('a list that is %s is refused', (_, retries, says) => {
  const read = smppConnectorSettings.safeParse({ host: 'h', port: 1, retries });
  expect(read.error?.issues.map(({ message }) => message).join()).toContain(says);
});
