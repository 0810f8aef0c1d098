import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testRefusals } from '@heliograph/message';
import { startTestService, type TestService } from './service.ts';

let service: TestService;

/** The bank has nothing: what is accepted here was free. */
beforeAll(async () => {
  service = await startTestService(0n);
}, 60_000);

afterAll(() => service?.stop(), 30_000);

const statuses = { no_credit: 402, bad_number: 422, throttled: 429, unavailable: 503 } as const;

describe('a test number', () => {
  it.each(testRefusals.map(({ number, reason }) => [number, reason] as const))(
    '%s is refused for %s, whoever sends',
    async (to, reason) => {
      for (const holder of ['live', 'test'] as const) {
        const answer = await service.post('/v1/messages', { to, text: 'x' }, holder);
        expect([answer.status, answer.body.type]).toEqual([statuses[reason], `/problems/${reason}`]);
        expect(answer.headers.has('retry-after')).toBe(statuses[reason] === 429 || statuses[reason] === 503);
      }
    },
  );

  it('of any other digits is accepted without credit, as a test', async () => {
    for (const to of ['+15550100001', '+15550101234']) {
      const { status, body } = await service.post('/v1/messages', { to, text: 'x' });
      expect([status, body.credits]).toEqual([202, '0.000000']);
      const [event] = await service.submitted.until(({ message }) => message.id === body.id);
      expect(event).toMatchObject({ message: { to, test: true, charge: { lease: '', microCredits: '0' } } });
    }
  });
});

describe('a key in test mode', () => {
  it('sends to nobody: messages to any number are tests, and free', async () => {
    const { status, body } = await service.post('/v1/messages', { to: '+31612345678', text: 'x' }, 'test');
    expect([status, body.credits]).toEqual([202, '0.000000']);
    const [event] = await service.submitted.until(({ message }) => message.id === body.id);
    expect(event).toMatchObject({ message: { test: true } });
  });

  it('is beside live ones, whose messages cost what they cost', async () => {
    const answer = await service.post('/v1/messages', { to: '+31612345678', text: 'x' });
    expect([answer.status, answer.body.type]).toEqual([402, '/problems/no_credit']);
    expect(service.funds()).toBe(0n);
  });
});
